"""The other end of a call in a process of its own, on the plain rtc SDK: hears everything, and does what an agent does.

Its events (each with "at", CLOCK_MONOTONIC seconds): joined, arrived, left (identity), track, untrack, mute, unmute (identity, sid),
data (topic, identity, payload), preconnect (identity, file, bytes, attributes, started), speaking, spoken (started), reconnecting,
reconnected, disconnected (reason), ended.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Literal

from tests.parts.child import PYTHON, Ear
from tests.parts.recording import Samples

Shape = Literal["stream", "packet", "data"]


class FarEnd(Ear):
    """`async with FarEnd(url, token, folder)`: joins at once (its token says whether as an agent) and publishes a silent track.

    echo: sends every frame back the moment it hears it. folder: its files.
    """

    def __init__(self, url: str, token: str, folder: Path, *, echo: bool = False) -> None:
        argv: list[str | Path] = [PYTHON, "-m", "tests.parts.far_end_main", url, token, folder]
        super().__init__([*argv, "--echo"] if echo else argv, folder)

    async def play(self, voice: Path | Samples) -> float:
        """Speaks a WAV file or 48 kHz samples; returns the monotonic second at which it began. Event "spoken" at the end."""
        after = len(self.events)
        await self.ask("play", file=str(self._voice(voice)))
        return float((await self.event("speaking", after=after))["at"])

    async def state(self, state: str) -> None:
        """Sets lk.agent.state: initializing, idle, listening, thinking, speaking."""
        await self.ask("state", state=state)

    async def transcript(
        self, text: str, *, shape: Shape = "stream", final: bool = True, segment: str = "S1", of: str | None = None
    ) -> None:
        """Sends words as text stream lk.transcription, transcription packet or JSON data.

        of: the visitor's identity where the words are the visitor's, else they are the agent's own.
        """
        await self.ask("transcript", shape=shape, text=text, final=final, segment=segment, of=of)

    async def data(self, payload: object, topic: str = "") -> None:
        """Sends JSON to everybody, reliably."""
        await self.ask("data", payload=payload, topic=topic)

    async def preconnect(self, timeout: float = 10.0) -> tuple[bytes, dict[str, str]]:
        """The first pre-connect buffer it received: the bytes, and the attributes (trackId, sampleRate, channels)."""
        event = await self.event("preconnect", timeout=timeout)
        return await asyncio.to_thread(Path(event["file"]).read_bytes), dict(event["attributes"])
