"""The device in virtual time, for faults that last minutes and hours: its rooms are the real ones and its requests go over real HTTP.

What is not real: the clock, the sound path, the LED's line, and the media server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Self

import pytest

import kiosk.app
from kiosk.app import Device, Edges
from kiosk.audio.frames import Block
from kiosk.audio.sound import SoundFigures
from kiosk.config.model import Config
from kiosk.config.secrets import Secret
from kiosk.errors import RoomError
from kiosk.machine.gestures import Gesture
from kiosk.machine.states import State
from kiosk.panel.panel import Panel
from kiosk.room import events as room
from kiosk.room.protocol import RoomStatistics
from kiosk.session.client import Client
from kiosk.session.tokens import Tokens
from kiosk.sim.panel import SimPanel
from kiosk.sim.soundcard import SimulatedCard
from tests.fakes import FakeNotify, FakeSound
from tests.faults.running import Running
from tests.session.helpers import FakeApi

KEY: Final = "sk_live_in_virtual_time"


class StillSound(FakeSound):
    """A sound path whose devices are well and whose blocks are counted, without a thread."""

    def __init__(self, *_: object) -> None:
        super().__init__()
        self.tried = asyncio.Event()
        self.on_speech: Callable[[], None] = lambda: None
        self.on_drained: Callable[[], None] = lambda: None
        self.on_fault: Callable[[str, Exception | None], None] = lambda _direction, _error: None
        self._blocks = 0

    async def run(self) -> None:
        self.tried.set()
        await asyncio.get_running_loop().create_future()

    def figures(self) -> SoundFigures:
        self._blocks += 1
        return SoundFigures(-90.0, -90.0, 0, 0, 0.0, 0.0, 0, 0.0, 0.0, self._blocks, self._blocks, 0, 0, False)


class Rooms:
    """A media server: every join succeeds at once, an agent is there and hears, unless `error` is set."""

    def __init__(self) -> None:
        self.error: RoomError | None = None
        self.joins: list[float] = []
        """When a room was joined, in the loop's time."""
        self.present: list[Visit] = []
        self.twin: Rooms | None = None
        """Whoever joins there has the same identity and throws out who is here, and the other way round."""

    def new_call(self, on_event: Callable[[room.RoomEvent], None], on_audio: Callable[[Block], None]) -> Visit:
        """See `NewCall`."""
        return Visit(self, on_event)


class Visit:
    """A `Call` to one of them."""

    def __init__(self, rooms: Rooms, on_event: Callable[[room.RoomEvent], None]) -> None:
        self._rooms = rooms
        self.tell = on_event

    async def join(self, url: str, token: str, *, timeout: float) -> None:
        await asyncio.sleep(0.2)
        if self._rooms.error is not None:
            raise self._rooms.error
        self._rooms.joins.append(asyncio.get_running_loop().time())
        self._rooms.present.append(self)
        if self._rooms.twin is not None:
            for other in list(self._rooms.twin.present):
                other.tell(room.Displaced())
        self.tell(room.AgentArrived("agent"))
        self.tell(room.HeardByAgent())

    def send(self, block: Block) -> None:
        """Nobody listens."""

    async def mute(self, muted: bool) -> None:
        """Nobody listens."""

    async def send_recorded(self, pcm: bytes) -> None:
        """Nobody listens."""

    async def leave(self) -> None:
        if self in self._rooms.present:
            self._rooms.present.remove(self)

    async def statistics(self) -> RoomStatistics:
        return RoomStatistics()


class Paced(Running):
    """`async with Paced(monkeypatch, api, **session) as device`: idle, in `toggle` mode."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, api: FakeApi, rooms: Rooms | None = None, **session: object) -> None:
        monkeypatch.setattr(kiosk.app, "Sound", StillSound)
        self.api = api
        self.rooms = rooms or Rooms()
        settings = {"session": {"agent_id": "a", "url": api.url, **session}, "talk": {"mode": "toggle"}}
        self.config = Config.model_validate(settings)

    async def __aenter__(self) -> Self:
        config, key = self.config, Secret(KEY)
        tokens = Tokens(config.session, key, api=Client(config.session, key, plain_port=1))
        panel = Panel(config.button, config.led, SimPanel())
        edges = Edges(SimulatedCard(), lambda _: None, panel, tokens, lambda _: self.rooms.new_call, FakeNotify())
        self.device = Device(config, edges, quit_now=lambda: None)
        self._running = asyncio.create_task(self.device.run())
        await self.until(lambda: self.state is State.IDLE, 5.0)
        return self

    @property
    def light(self) -> str:
        """What the LED shows."""
        return str(self.device.dispatcher.indication)

    @property
    def tones(self) -> list[str]:
        """What the visitor heard, in order."""
        sound = self.device.sound
        assert isinstance(sound, StillSound)
        return [str(earcon) for earcon in sound.played]

    def press(self) -> None:
        """The visitor presses the button."""
        self.device.dispatcher.gesture(Gesture.PRESS)

    async def until(self, wanted: Callable[[], bool], limit: float) -> float:
        """Wait for the condition; how long it took, in virtual seconds (50 ms grain)."""
        begun = now()
        while not wanted():
            assert now() - begun < limit, f"still {self.state} ({self.light}), {self.standing} after {limit:g} s"
            await asyncio.sleep(0.05)
        return now() - begun

    async def call(self) -> None:
        """Press and wait until the agent hears."""
        self.press()
        await self.until(lambda: self.device.dispatcher.kiosk.audible, 10.0)

    def since(self, moment: float) -> list[float]:
        """When the API was asked for anything from then on; that a session is over is told, not asked."""
        paths = (path for _, path, _, _ in self.api.requests)
        return [at for at, path in zip(self.api.moments, paths, strict=True) if at >= moment and not path.endswith("/end")]


def now() -> float:
    """The loop's time."""
    return asyncio.get_running_loop().time()


def most_in(moments: list[float], span: float) -> int:
    """The most of them that any stretch of `span` seconds holds."""
    return max((sum(start <= moment < start + span for moment in moments) for start in moments), default=0)
