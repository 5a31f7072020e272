"""The network in a call: spoilt, gone and back, and under another address."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.faults.conftest import Report
from tests.faults.outage import LOST, SENTENCE, SPOKEN, outage
from tests.parts.align import align
from tests.parts.island.world import World


@pytest.fixture
async def world(livekit_binary: Path, tmp_path: Path) -> AsyncIterator[World]:
    """A kiosk on an island, in a call."""
    async with World(livekit_binary, tmp_path) as made:
        await made.call()
        await asyncio.sleep(2.0)
        yield made


@pytest.mark.fault("network-5s")
async def test_packets_vanish_for_5_s(world: World, report: Report) -> None:
    result = await outage(world, 5.0, go=world.island.cut, come=world.island.heal, patience=20.0)
    report(f"packets vanish: {result}", result.back <= 3.0 and result.joins == 0 and result.honest)


@pytest.mark.fault("network-5s")
async def test_the_cable_is_pulled_for_5_s(world: World, report: Report) -> None:
    result = await outage(world, 5.0, go=world.island.unplug, come=world.island.plug, patience=20.0)
    report(f"cable pulled: {result}", result.back <= 3.0 and result.joins == 0 and result.honest)


@pytest.mark.slow
@pytest.mark.fault("network-60s")
async def test_packets_vanish_for_60_s(world: World, report: Report) -> None:
    result = await outage(world, 60.0, go=world.island.cut, come=world.island.heal, patience=30.0)
    report(str(result), result.back <= 10.0 and result.honest)


@pytest.mark.fault("address")
async def test_another_address(world: World, report: Report) -> None:
    result = await outage(world, 0.0, go=world.island.readdress, come=world.island.now, patience=20.0)
    report(str(result), result.back <= 10.0 and result.joins == 0 and result.honest)


@pytest.mark.fault("latency")
async def test_half_a_second_late(world: World, report: Report) -> None:
    await world.island.spoil(delay=0.5, spread=0.2)
    reconnects, lost, _ = await spoilt(world, 15.0)
    report(f"{reconnects} reconnects in 15 s, {lost:.0f} ms of a sentence lost", reconnects == 0)


@pytest.mark.fault("loss-5")
async def test_a_packet_in_twenty_is_lost(world: World, report: Report) -> None:
    await world.island.spoil(loss=0.05)
    reconnects, lost, said = await spoilt(world, 15.0)
    report(f"{reconnects} reconnects in 15 s, {lost:.0f} ms of {said:.0f} said lost", reconnects == 0 and lost <= 2 * LOST)


@pytest.mark.slow
@pytest.mark.fault("loss-20")
async def test_a_packet_in_five_is_lost(world: World, report: Report) -> None:
    await world.island.spoil(loss=0.2)
    reconnects, lost, said = await spoilt(world, 600.0)
    report(f"{reconnects} reconnects in 10 min, {lost:.0f} ms of {said:.0f} said lost", reconnects <= 1 and lost < said / 2)


async def spoilt(world: World, seconds: float) -> tuple[int, float, float]:
    """The visitor says a sentence each 30 s; reconnects, lost and said milliseconds of the last one."""
    seen, end = len(world.kiosk.events), time.monotonic() + seconds
    since = time.monotonic()
    while time.monotonic() < end:
        since = await world.say(SENTENCE)
        await asyncio.sleep(min(30.0, max(SPOKEN + 3.0, end - time.monotonic())))
    result = await asyncio.to_thread(align, SENTENCE, await world.heard(since))
    lights = world.lights(seen)
    assert lights.count("idle") == 0
    return lights.count("reconnecting"), result.lost_ms, result.speech_ms
