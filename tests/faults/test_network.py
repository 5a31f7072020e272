"""The network in a call: spoilt, gone and back, and under another address."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from tests.faults.conftest import Report
from tests.faults.outage import LOST, SENTENCE, SPOKEN, delivered, outage
from tests.parts.align import align
from tests.parts.island.world import World

# Two busy cores hold up the far end, the media server and the network's own processes now and then.
pytestmark = pytest.mark.flaky(reruns=2)


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


@pytest.mark.fault("network-5s")
@pytest.mark.parametrize("spoken", [0.0, SPOKEN - 0.5], ids=["all of it in the break", "all but its end before"])
async def test_the_button_is_let_go_in_a_break(livekit_binary: Path, tmp_path: Path, report: Report, spoken: float) -> None:
    """Push to talk: the microphone is shut when the network comes back, and what was said while it was open is heard all the same."""
    async with World(livekit_binary, tmp_path, talk={"mode": "hold"}) as world:
        await world.call()
        await world.kiosk.ask("press")
        await asyncio.sleep(1.0)
        began = await world.say(SENTENCE)
        await asyncio.sleep(max(0.0, began + spoken - time.monotonic()))
        gone = await world.island.cut()
        await asyncio.sleep(max(0.0, began + SPOKEN - time.monotonic()))
        await world.kiosk.ask("release")
        await asyncio.sleep(max(0.0, gone + 5.0 - time.monotonic()))
        await world.island.heal()
        await delivered(world)
        result = await asyncio.to_thread(align, SENTENCE, await world.heard(began))
        report(f"let go in it: {result.lost_ms:.0f} of {result.speech_ms:.0f} ms of speech lost", result.lost_ms <= LOST)


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
    result = await spoilt(world, 15.0)
    report(
        f"{result.reconnects} reconnects in 15 s, {result.lost_ms:.0f} ms of a sentence lost{result.faltered}",
        result.reconnects == 0 and result.steady,
    )


@pytest.mark.fault("loss-5")
async def test_a_packet_in_twenty_is_lost(world: World, report: Report) -> None:
    await world.island.spoil(loss=0.05)
    result = await spoilt(world, 15.0)
    after, pressed = len(world.far.events), time.monotonic()
    await world.kiosk.ask("press")
    left = (await world.far.event("left", after=after, timeout=10.0))["at"] - pressed
    report(
        f"{result.reconnects} reconnects in 15 s, {result}; out of the room {left:.1f} s after the hang-up",
        left < 5.0 and result.reconnects == 0 and result.steady and result.lost_ms <= 2 * LOST,
    )


@pytest.mark.slow
@pytest.mark.fault("loss-20")
async def test_a_packet_in_five_is_lost(world: World, report: Report) -> None:
    await world.island.spoil(loss=0.2)
    result = await spoilt(world, 600.0)
    report(f"{result.reconnects} reconnects in 10 min, {result}", result.reconnects <= 1 and result.lost_ms < result.said_ms / 2)


@dataclass(frozen=True, slots=True)
class Spoilt:
    """What a bad network did."""

    reconnects: int
    """How often the call was broken."""
    flickers: int
    """How often the light alone said that nothing comes."""
    lost_ms: float
    said_ms: float
    """Of the last sentence."""

    def __str__(self) -> str:
        return f"{self.lost_ms:.0f} ms of {self.said_ms:.0f} said lost{self.faltered}"

    @property
    def faltered(self) -> str:
        return f", the light faltered {self.flickers}×" if self.flickers else ""

    @property
    def steady(self) -> bool:
        """The light fell for the beginning of it at most."""
        return self.flickers <= 2


async def spoilt(world: World, seconds: float) -> Spoilt:
    """The visitor says a sentence each 30 s."""
    seen, end = len(world.kiosk.events), time.monotonic() + seconds
    since = time.monotonic()
    while time.monotonic() < end:
        since = await world.say(SENTENCE)
        await asyncio.sleep(min(30.0, max(SPOKEN + 3.0, end - time.monotonic())))
    result = await asyncio.to_thread(align, SENTENCE, await world.heard(since))
    states = [event["state"] for event in world.told("state", seen)]
    breaks = sum(now != "live" and last == "live" for last, now in pairwise(["live", *states]))
    assert "idle" not in states
    flickers = world.lights(seen).count("reconnecting") - breaks
    return Spoilt(breaks, max(0, flickers), result.lost_ms, result.speech_ms)
