"""An hour without the network or the media server, in virtual time, with the device's own brain, pace and token budget.

A real hour would prove no more: the waits reach their cap after some minutes. Shorter outages are real, in the other tests.
"""

from __future__ import annotations

import asyncio
import random
import statistics
from collections.abc import Callable
from typing import Final

import pytest

from kiosk.audio.frames import Block
from kiosk.errors import Retry, RoomError, SessionError
from kiosk.machine.gestures import Gesture
from kiosk.room import events as room
from kiosk.session.grant import Grant
from tests.device import Api, Rig, Room
from tests.faults.conftest import Report

pytestmark = pytest.mark.looptime

HOUR: Final = 3600.0
HOURS: Final = 15
SYN: Final = (0.0, 1.0, 3.0)
"""Seconds at which Linux knocks (again) at a host that does not answer, as far as the device waits: 6 s (RFC 6298)."""
LIMIT: Final = 6.0


class Away(Api):
    """An API that is behind the network: what is sent while it is away vanishes."""

    def __init__(self, world: Hour) -> None:
        super().__init__(world)
        self._hour = world

    async def ask(self) -> Grant:
        began = asyncio.get_running_loop().time()
        for knock in SYN:
            await asyncio.sleep(began + knock - asyncio.get_running_loop().time())
            if self._hour.network:
                return await super().ask()
        await asyncio.sleep(began + LIMIT - asyncio.get_running_loop().time())
        error = SessionError("no answer", code="api-unreachable", retry=Retry.SOON)
        error.sent = False
        raise error


class Joinable(Room):
    """A room on a server that may be away."""

    def __init__(self, world: Hour, tell: Callable[[room.RoomEvent], None], hear: Callable[[Block], None]) -> None:
        super().__init__(tell, hear)
        self._hour = world

    async def join(self, url: str, token: str, *, timeout: float) -> None:
        await asyncio.sleep(0.1)
        if not self._hour.server:
            raise RoomError("refused", code="server-unreachable", retry=Retry.SOON)
        loop = asyncio.get_running_loop()
        loop.call_later(0.3, self.tell, room.AgentArrived("agent"))
        loop.call_later(0.3, self.tell, room.HeardByAgent())


class Hour(Rig):
    """A call in the making of which either part of the world may be away."""

    def __init__(self) -> None:
        super().__init__(session={"agent_id": "hour", "max_duration": "3h"}, talk={"mode": "toggle"})
        self.network = self.server = True

    async def back(self) -> float:
        """Seconds until the agent hears the visitor."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.timeout(300.0):
            while not self.device.dispatcher.kiosk.audible:  # noqa: ASYNC110 -- anything may make it true
                await asyncio.sleep(0.1)
        return loop.time() - began

    def _api(self) -> Api:
        return Away(self)

    def _new_call(self, tell: Callable[[room.RoomEvent], None], hear: Callable[[Block], None]) -> Room:
        self.calls.append(Joinable(self, tell, hear))
        return self.calls[-1]


async def an_hour(number: int, *, network: bool) -> tuple[float, int]:
    """One hour away, the network or else the media server: seconds until back, and rooms tried meanwhile."""
    random.seed(number)
    async with Hour() as hour:
        hour.device.dispatcher.gesture(Gesture.PRESS)
        await hour.back()
        hour.network, hour.server = not network, network
        hour.calls[-1].tell(room.Lost(RoomError("gone", code="room-lost", retry=Retry.SOON)))
        await asyncio.sleep(HOUR + random.uniform(0.0, 60.0))
        hour.network = hour.server = True
        return await hour.back(), len(hour.calls) - 1


async def hours(*, network: bool) -> tuple[str, bool]:
    """Many of them: the figures, and whether all held."""
    outcomes = [await an_hour(number, network=network) for number in range(HOURS)]
    took = [seconds for seconds, _ in outcomes]
    attempts = max(tries for _, tries in outcomes)
    words = f"{HOURS} hours in virtual time: back {statistics.median(took):.0f} s after in the median, {max(took):.0f} s at most"
    return f"{words}, at most {attempts} attempts an hour", max(took) <= 65.0


@pytest.mark.fault("network-1h")
async def test_an_hour_without_a_network(report: Report) -> None:
    report(*await hours(network=True))


@pytest.mark.fault("server-1h")
async def test_an_hour_without_the_media_server(report: Report) -> None:
    report(*await hours(network=False))
