"""Session after session: what the process holds must not grow. The short run is in the suite, the long ones belong to `scripts/soak`."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import fields
from pathlib import Path
from typing import Final

import pytest

from kiosk.sim.api import SessionApi
from kiosk.sim.world import API_KEY
from tests.parts.child import PYTHON, Child
from tests.parts.far_end import FarEnd
from tests.parts.livekit_server import LiveKitServer
from tests.soak.house import Holdings

SETTLED: Final = 50
"""Visits until everything that is made once has been made."""
WINDOW: Final = 20
"""Visits whose median is one figure."""
MOST: Final = 0.05
ROOM: Final = "soak"

Report = Callable[[str, bool], None]


def house(url: str, folder: Path) -> Child:
    """A kiosk that asks this API for its sessions."""
    return Child([PYTHON, "-m", "tests.soak.house_main", url], folder / "house")


@asynccontextmanager
async def loopback_house(folder: Path) -> AsyncGenerator[Child]:
    """A kiosk in front of a loopback world in another process."""
    async with Child([PYTHON, "-m", "tests.soak.world_main"], folder / "world") as world:
        url = str((await world.event("joined"))["api"])
        async with house(url, folder) as made:
            yield made


async def visits(kiosk: Child, count: int) -> list[Holdings]:
    """So many visits, and what was held after each."""
    names = [field.name for field in fields(Holdings)]
    answers = [await kiosk.ask("visit") for _ in range(count)]
    return [Holdings(**{name: answer[name] for name in names}) for answer in answers]


def compared(held: list[Holdings], seconds: float) -> tuple[str, bool]:
    """The figures in words, and whether nothing has grown."""
    early, late = Holdings.median(held[SETTLED : SETTLED + WINDOW]), Holdings.median(held[-WINDOW:])
    growth = late.growth(early)
    figures = (
        f"{len(held)} sessions in {seconds:.0f} s: {early.megabytes:.1f} → {late.megabytes:.1f} MB ({growth['megabytes']:+.1%}),"
        f" threads {early.threads:g} → {late.threads:g}, descriptors {early.descriptors:g} → {late.descriptors:g},"
        f" tasks {early.tasks:g} → {late.tasks:g}"
    )
    return figures, all(each < MOST for each in growth.values())


@pytest.mark.real
async def test_a_dozen_sessions_leave_nothing_behind(tmp_path: Path) -> None:
    async with loopback_house(tmp_path) as kiosk:
        held = await visits(kiosk, 12)
    early, late = held[3], held[-1]
    assert late.tasks <= early.tasks
    assert late.subscribers <= early.subscribers
    assert late.threads <= early.threads + 1  # the name service's or the executor's, made when it is first needed
    assert late.descriptors <= early.descriptors


@pytest.mark.slow
@pytest.mark.fault("sessions")
async def test_a_thousand_sessions(tmp_path: Path, report: Report) -> None:
    async with loopback_house(tmp_path) as kiosk:
        began = time.monotonic()
        held = await visits(kiosk, 1000)
    figures, flat = compared(held, time.monotonic() - began)
    report(f"loopback: {figures}", flat)


@pytest.mark.slow
@pytest.mark.fault("sessions")
async def test_two_hundred_sessions_on_the_real_server(server: LiveKitServer, tmp_path: Path, report: Report) -> None:
    agent = FarEnd(server.url, server.token("agent", ROOM, kind="agent"), tmp_path / "agent")
    api = SessionApi(API_KEY, lambda: server.url, lambda identity, _room, lifetime: server.token(identity, ROOM, ttl=lifetime))
    async with agent, api, house(api.url, tmp_path) as kiosk:
        began = time.monotonic()
        held = await visits(kiosk, 200)
    figures, flat = compared(held, time.monotonic() - began)
    report(f"real server: {figures}", flat)
