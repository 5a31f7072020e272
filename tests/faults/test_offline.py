"""Names that cannot be had, and a device that starts without a network."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from tests.faults.conftest import Report
from tests.parts.island.names import Answer
from tests.parts.island.world import World

LAG: Final = 0.1
"""Seconds that nothing of ours may hold the loop up."""


@pytest.fixture
async def world(livekit_binary: Path, tmp_path: Path) -> AsyncIterator[World]:
    """A kiosk on an island, idle; the agent is there."""
    async with World(livekit_binary, tmp_path) as made:
        await made.shown("idle")
        await made.agent()
        yield made


async def press(world: World) -> tuple[float, float, str]:
    """The visitor presses: seconds until the device knows what is wrong, the loop's worst lag until then, and what it says."""
    await world.kiosk.ask("figures")
    seen, pressed = len(world.kiosk.events), time.monotonic()
    await world.kiosk.ask("press")
    told = await world.kiosk.event("told", kind="state", state="retrying", after=seen, timeout=15.0)
    lag = float((await world.kiosk.ask("figures"))["lag"])
    return float(told["at"]) - pressed, lag, str(told["fault"])


@pytest.mark.fault("dns-fails")
async def test_dns_that_fails(world: World, report: Report) -> None:
    world.names.answer = Answer.FAILURE
    named, lag, fault = await press(world)
    world.names.answer = Answer.RIGHT
    healed = time.monotonic()
    back = await world.shown("listening", timeout=20.0) - healed
    held = fault == "offline" and named < 1.0 and lag < LAG and back < 5.0
    report(f"`{fault}` after {named:.2f} s, lag {1000 * lag:.0f} ms, in the call {back:.1f} s after it works", held)


@pytest.mark.fault("dns-hangs")
async def test_dns_that_hangs(world: World, report: Report) -> None:
    world.names.answer = Answer.NONE
    named, lag, fault = await press(world)
    world.names.answer = Answer.RIGHT
    healed = time.monotonic()
    back = await world.shown("listening", timeout=20.0) - healed
    held = fault == "offline" and named < 5.0 and lag < LAG and back < 10.0
    report(f"given up after {named:.1f} s as `{fault}`, lag {1000 * lag:.0f} ms, in the call {back:.1f} s after it works", held)


@pytest.mark.fault("boot-offline")
async def test_a_start_without_a_network(livekit_binary: Path, tmp_path: Path, report: Report) -> None:
    async with World(livekit_binary, tmp_path, connected=False) as world:
        ready = float((await world.kiosk.event("ready", timeout=20.0))["at"]) - world.started
        dark = await world.shown("offline", timeout=20.0) - world.started
        seen, pressed = len(world.kiosk.events), time.monotonic()
        await world.agent()
        await world.island.heal()
        await world.kiosk.ask("press")
        called = await world.shown("listening", after=seen, timeout=20.0) - pressed
        held = ready < 15.0 and dark < 15.0 and called < 10.0
        report(f"READY {ready:.1f} s, LED «offline» {dark:.1f} s after the start; a press once it heals is a call in {called:.1f} s", held)
