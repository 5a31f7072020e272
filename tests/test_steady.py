"""What a device writes into the journal in a day: its own records in virtual time, counted as they are sent."""

from __future__ import annotations

import asyncio
import logging

import pytest

from kiosk.errors import Retry, SessionError
from kiosk.health import Area
from kiosk.machine.gestures import Gesture
from kiosk.room import events as room
from kiosk.system.context import Context
from kiosk.system.journal import JournalHandler, RateFilter
from kiosk.system.redact import RedactingFilter
from tests.device import Rig

pytestmark = pytest.mark.looptime

DAY = 86_400
CALLS = 24
TURNS = 12
"""In each call: the visitor speaks, the agent thinks and answers."""
LIMIT = 1_000_000


class Meter:
    """The journal's socket: bytes as systemd's protocol sends them."""

    def __init__(self) -> None:
        self.records = self.bytes = 0

    def send(self, message: str, **fields: object) -> None:
        """Each field is `NAME=value` and a line's end."""
        self.records += 1
        self.bytes += sum(len(f"{name}={value}\n".encode()) for name, value in {"MESSAGE": message, **fields}.items())


def metered(rig: Rig, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Meter:
    """The daemon's own logging at level info, from now on."""
    meter, context, loop = Meter(), Context(), asyncio.get_running_loop()
    context.provide(rig.device.context)
    handler = JournalHandler(meter.send)
    for each in (context, RedactingFilter(), RateFilter(loop.time)):
        handler.addFilter(each)
    caplog.set_level("INFO")
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    return meter


async def visit(rig: Rig) -> None:
    """A call of three minutes with twelve turns, its token renewed twice."""
    rig.device.dispatcher.gesture(Gesture.PRESS)
    await rig.live()
    tell = rig.calls[-1].tell
    tell(room.TrackSubscribed("agent", "TR_abcdefghijkl"))
    for turn in range(TURNS):
        tell(room.Transcript("visitor", "a question of some length", True, f"v{turn}", True))
        for state in ("thinking", "speaking", "listening"):
            tell(room.AgentState(state))
            await asyncio.sleep(5)
        tell(room.Transcript("agent", "an answer that is a good deal longer than the question was", True, f"a{turn}", False))
        if turn % 6 == 0:
            tell(room.TokenRefreshed(600.0))
    rig.device.dispatcher.gesture(Gesture.RELEASE)
    await asyncio.sleep(61)


async def test_a_day_with_a_call_an_hour_stays_below_a_megabyte(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Rig() as rig:
        meter = metered(rig, caplog, monkeypatch)
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.sleep(1800)
        idle = meter.bytes
        for hour in range(CALLS):
            await asyncio.sleep(began + hour * DAY / CALLS + 1800 - loop.time())
            await visit(rig)
        await asyncio.sleep(began + DAY - loop.time())
        print(f"\na day with {CALLS} calls of {TURNS} turns: {meter.records} records, {meter.bytes / 1000:.0f} kB; idle: {idle} B")
        assert idle == 0
        assert meter.records > CALLS * 10
        assert meter.bytes < LIMIT


async def test_a_day_without_a_network_stays_below_a_megabyte(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Rig() as rig:
        meter = metered(rig, caplog, monkeypatch)
        for _ in range(DAY // 60):
            rig.device.health.report(Area.SESSION, "offline", "no route")
            await asyncio.sleep(60)
        print(f"\na day offline: {meter.records} records, {meter.bytes} B")
        assert 1 <= meter.records < 10


async def test_a_day_of_presses_that_fail_stays_below_a_megabyte(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Rig(session={"connect_timeout": "5s"}) as rig:
        meter = metered(rig, caplog, monkeypatch)
        for _ in range(DAY // 900):
            rig.errors = [SessionError("no route", code="offline", retry=Retry.SOON)] * 50
            rig.device.dispatcher.gesture(Gesture.PRESS)
            await asyncio.sleep(900)
        print(f"\na day of {DAY // 900} presses in vain: {meter.records} records, {meter.bytes / 1000:.0f} kB")
        assert meter.records > 100
        assert meter.bytes < LIMIT
