"""An agent on LiveKit's own framework, as production agents are, in a venv and a process of its own.

Its events (each with "at", CLOCK_MONOTONIC seconds): joined, arrived (identity), hearing (rate), state, user_state (state), transcribed
(text, final), saying, said, closed (reason), ended.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.parts.child import Ear
from tests.parts.process import ROOT
from tests.parts.recording import Samples

OFFLINE: Mapping[str, str] = {"OTEL_SDK_DISABLED": "true"}
"""It has no cloud's address or key, and no plugin to download for; this ends the telemetry library too."""


def agents_python() -> Path:
    """The Python of its venv, which `scripts/agents-venv` makes where it is not there (a minute, the first time)."""
    subprocess.run([ROOT / "scripts" / "agents-venv"], check=True)
    return ROOT / ".cache" / "agents-venv" / "bin" / "python"


class FrameworkAgent(Ear):
    """`async with FrameworkAgent(python, url, token, folder)`: joins with a token of kind "agent" and waits for a visitor.

    `heard()`: what its speech recognition was fed, the pre-connect buffer first, the live track after it.
    """

    def __init__(self, python: Path, url: str, token: str, folder: Path) -> None:
        super().__init__([python, "-m", "tests.parts.framework_agent.main", url, token, folder], folder, environment=OFFLINE)

    async def say(self, text: str, voice: Path | Samples) -> None:
        """Speaks `voice` with `text` as its transcript; events "saying" and "said"."""
        await self.ask("say", text=text, file=str(self._voice(voice)))

    async def recognise(self, text: str, *, final: bool = True) -> None:
        """Has its speech recognition return these words of the visitor's."""
        await self.ask("recognise", text=text, final=final)
