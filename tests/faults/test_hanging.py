"""A join that hangs is left behind, and the next attempt goes on: the whole daemon against a media server that does not answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from kiosk import calls
from kiosk.app import Device
from kiosk.config.secrets import Secret
from kiosk.machine.events import Event, On
from kiosk.machine.states import State
from kiosk.room.bounded import REAPER
from kiosk.sim.stage import Setting, Stage
from kiosk.sim.world import API_KEY, World

JOIN_LIMIT = 2.0
"""Seconds, instead of 15: the library itself would give up after 20, or 60 without ICE."""
LAST = 70.0
"""Seconds until the library has come back from everything."""


async def until(true: Callable[[], bool], limit: float) -> None:
    """TimeoutError where it never is."""
    async with asyncio.timeout(limit):
        while not true():  # noqa: ASYNC110 -- anything may make it true
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("fault", ["hold_upgrade", "hold_join", "no_ice"])
async def test_a_join_that_hangs(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    monkeypatch.setattr(calls, "JOIN_LIMIT", JOIN_LIMIT)
    async with World("silent") as world:
        place = Stage(Setting(mode="toggle"), world.api_url, Secret(API_KEY), world)
        device = place.device("toggle", lambda: None)
        running = asyncio.create_task(device.run())
        try:
            setattr(world.sfu.faults, fault, True)
            await _hang(device, place)
            assert REAPER.given_up >= 1
            setattr(world.sfu.faults, fault, False)
            await until(lambda: device.dispatcher.kiosk.audible, 15.0)
        finally:
            device.dispatcher.post(Event(On.STOP))
            await running
    await until(lambda: REAPER.given_up == 0, LAST)


async def _hang(device: Device, place: Stage) -> None:
    await until(lambda: device.dispatcher.kiosk.state is State.IDLE, 10.0)
    place.panel.press()
    pressed = time.monotonic()
    await until(lambda: device.dispatcher.kiosk.state is State.RETRYING, JOIN_LIMIT + 3.0)
    assert time.monotonic() - pressed > JOIN_LIMIT
