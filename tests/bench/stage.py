"""What every contestant plays on: one media server, one virtual sound card with its far ends, one session API."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from kiosk.sim.api import SessionApi
from tests.bench.pulse import pulse_door
from tests.parts.cable import Ear, Mouth
from tests.parts.child import PYTHON, Child
from tests.parts.far_end import FarEnd
from tests.parts.livekit_server import LiveKitServer, server_binary
from tests.parts.pipewire import MICROPHONE, SPEAKER, virtual_card

KEY: Final = "bench-key"


@dataclass
class Stage:
    """`mouth` speaks into the microphone, `ear` hears the speaker, `near` the microphone itself.

    The session API's tokens are for `room`, answered at once.
    """

    server: LiveKitServer
    mouth: Mouth
    ear: Ear
    near: Ear
    folder: Path
    pulse: Mapping[str, str]
    room: str = ""
    api: SessionApi = field(init=False)

    def __post_init__(self) -> None:
        self.api = SessionApi(KEY, lambda: self.server.url, lambda identity, room, ttl: self.server.token(identity, self.room, ttl=ttl))

    def new_room(self) -> None:
        """A room nobody was in."""
        self.room = f"bench-{time.monotonic_ns()}"

    def far_end(self, *, echo: bool) -> FarEnd:
        """An agent in the room, in a process of its own."""
        token = self.server.token("agent", self.room, kind="agent")
        return FarEnd(self.server.url, token, self._work("agent"), echo=echo)

    def kiosk(self, **changes: Mapping[str, Any]) -> Child:
        """A kiosk with the configuration as shipped, but for these sections' keys; "joined" when it is up."""
        settings: dict[str, dict[str, Any]] = {
            "session": {"url": self.api.url, "agent_id": "bench", "requests_per_minute": 60},
            "audio": {"microphone": {"device": MICROPHONE}, "speaker": {"device": SPEAKER}},
            "led": {"pin": 18},
        }
        for section, values in changes.items():
            settings[section] = {**settings.get(section, {}), **values}
        return self._child("kiosk_main", json.dumps(settings))

    def media_devices(self) -> Child:
        """A call on rtc.MediaDevices; "joined" when it is published."""
        return self._child("media_devices_main", self.server.url, self.server.token("visitor", self.room))

    def platform_audio(self) -> Child:
        """A call on rtc.PlatformAudio."""
        return self._child("platform_audio_main", self.server.url, self.server.token("visitor", self.room), environment=self.pulse)

    def _child(self, module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Child:
        return Child([PYTHON, "-m", f"tests.bench.{module}", *arguments], self._work(module), environment=environment)

    def _work(self, name: str) -> Path:
        return self.folder / f"{name}-{time.monotonic_ns()}"


@asynccontextmanager
async def stage() -> AsyncGenerator[Stage]:
    """Everything started; ended with the block."""
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    binary = Path(os.environ["LIVEKIT_SERVER"]) if "LIVEKIT_SERVER" in os.environ else server_binary()
    with (
        LiveKitServer(binary) as server,
        virtual_card(folder / "card"),
        pulse_door(folder / "pulse") as pulse,
        Mouth() as mouth,
        Ear() as ear,
        Ear(MICROPHONE) as near,
    ):
        ready = Stage(server, mouth, ear, near, folder, pulse)
        async with ready.api:
            yield ready
