"""A whole device on fakes in virtual time: its brain is real, its sound card, its API and its rooms are not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from kiosk.app import Device, Edges
from kiosk.audio.frames import Block
from kiosk.boot import Boot
from kiosk.config.model import Config
from kiosk.errors import SessionError
from kiosk.lastgood import LastGood
from kiosk.machine.events import Event, On
from kiosk.panel.panel import Panel
from kiosk.room import events as room
from kiosk.room.protocol import RoomStatistics
from kiosk.session.grant import Grant
from kiosk.session.tokens import Tokens
from kiosk.sim.panel import SimPanel
from kiosk.sim.soundcard import SimulatedCard
from tests.fakes import FakeNotify

FILE = Path("/etc/voice-kiosk/config.yaml")


class Api:
    """Grants sessions of 300 s, or raises what the rig has."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._asked = 0

    async def ask(self) -> Grant:
        if self._rig.errors:
            raise self._rig.errors.pop(0)
        self._asked += 1
        now = asyncio.get_running_loop().time()
        return Grant("wss://media.example", self._rig.token, f"session-{self._asked}", f"room-{self._asked}", now + 300.0)

    async def end(self, grant: Grant) -> None:
        pass

    async def reachable(self) -> SessionError | None:
        return None

    async def answers(self) -> SessionError | None:
        return None

    async def close(self) -> None:
        pass


class Room:
    """A room that is joined at once; `tell` is what it says."""

    def __init__(self, tell: Callable[[room.RoomEvent], None], _hear: Callable[[Block], None]) -> None:
        self.tell = tell
        self.muted: list[bool] = []
        self.asked = 0

    async def join(self, url: str, token: str, *, timeout: float) -> None:
        pass

    def send(self, block: Block) -> None:
        pass

    async def mute(self, muted: bool) -> None:
        self.muted.append(muted)

    async def send_recorded(self, pcm: bytes) -> None:
        pass

    async def leave(self) -> None:
        pass

    async def statistics(self) -> RoomStatistics:
        self.asked += 1
        return RoomStatistics(rtt_ms=23.0, jitter_ms=4.0, lost=2)


class Rig:
    """`async with Rig() as rig`: idle. Its devices are not run: whatever comes from them is posted. `file` is what a reload reads."""

    def __init__(self, file: Path = FILE, /, **sections: dict[str, Any]) -> None:
        self.token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJyaWcifQ.c2lnbmF0dXJl"
        self.errors: list[SessionError] = []
        self.calls: list[Room] = []
        self._file = file
        self._config = Config.model_validate({"session": {"agent_id": "rig"}, **sections})
        self.device: Device

    async def __aenter__(self) -> Self:
        config = self._config
        edges = Edges(
            card=SimulatedCard(),
            canceller=lambda _: None,
            panel=Panel(config.button, config.led, SimPanel()),
            tokens=Tokens(config.session, None, api=self._api()),
            call_maker=lambda _: self._new_call,
            notify=FakeNotify(),
        )
        self.device = Device(config, edges, lambda: None, Boot(config, None, self._file, b"", LastGood(None)))
        self.device.dispatcher.begin()
        self.device.dispatcher.post(Event(On.STARTED))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.device.dispatcher.post(Event(On.HANG_UP))
        await self.device.calls.emptied()
        await self.device.nursery.close()
        await self.device.edges.tokens.close()
        self.device.dispatcher.close()

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for something to be true."""
        async with asyncio.timeout(60):
            while not true():  # noqa: ASYNC110 -- anything may make it true
                await asyncio.sleep(0.01)

    async def live(self) -> None:
        """After a press: wait until the agent hears us."""
        await self.until(lambda: self.device.calls.current is not None and self.device.calls.current.joined)
        for event in (room.AgentArrived("agent"), room.HeardByAgent()):
            self.calls[-1].tell(event)

    def _api(self) -> Api:
        return Api(self)

    def _new_call(self, tell: Callable[[room.RoomEvent], None], hear: Callable[[Block], None]) -> Room:
        self.calls.append(Room(tell, hear))
        return self.calls[-1]
