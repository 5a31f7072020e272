"""The calendar of the daemon's process, and of no other, is wrong, becomes right, and jumps in a call."""

from __future__ import annotations

import asyncio
import datetime
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme
from aiohttp import web

from tests.faults.appliance import ROOM, Appliance, place
from tests.faults.conftest import Report
from tests.parts.calendar import Calendar
from tests.parts.far_end import FarEnd
from tests.parts.livekit_server import LiveKitServer
from tests.parts.tls import serving
from tests.session.helpers import FakeApi, fake_api

DAY = 86_400.0
AFTERWARDS = 4.0
"""Seconds for which the call is looked at after a jump."""
SETTLED = 4.0
"""Seconds after which a call on a busy machine has nothing left of its beginning."""
NOW = datetime.datetime.now(datetime.UTC)


async def off_by(appliance: Appliance) -> float:
    """By how many seconds the process's calendar is ahead."""
    return float((await appliance.figures())["wall"]) - time.time()


def answering(api: FakeApi, server: LiveKitServer) -> None:
    """Every request is granted a session in the appliance's room."""
    api.answers(
        lambda: web.json_response(
            {"token": server.token("visitor", ROOM), "livekit_url": server.url, "room_name": ROOM, "session_id": "s1"},
        )
    )


@asynccontextmanager
async def wrong(server: LiveKitServer, folder: Path) -> AsyncGenerator[tuple[Appliance, FakeApi, Calendar]]:
    """An appliance that boots 400 days ago, an API whose certificate is 30 days old, and the appliance's calendar."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = serving(authority.issue_cert("localhost", not_before=NOW - datetime.timedelta(days=30)))
    calendar = Calendar(folder, -400 * DAY)
    environment = {**calendar.environment, "SSL_CERT_FILE": str(folder / "ca.pem")}
    async with fake_api(context) as api, Appliance(folder / "kiosk", api.url, environment=environment) as it:
        answering(api, server)
        yield it, api, calendar


@pytest.mark.fault("clock-wrong")
async def test_a_wrong_clock_is_named_and_a_right_one_works_at_once(server: LiveKitServer, tmp_path: Path, report: Report) -> None:
    agent = FarEnd(server.url, server.token("agent", ROOM, kind="agent"), tmp_path / "agent")
    async with agent, wrong(server, tmp_path) as (it, api, calendar):
        begun = time.monotonic()
        named = await it.until("fault", "clock") - begun
        assert await off_by(it) == pytest.approx(-400 * DAY, abs=5)
        await asyncio.sleep(2)
        await it.toggle()
        await asyncio.sleep(3)
        waited = (await it.figures())["state"]
        asked = len(api.requests)
        calendar.set(0.0)
        begun = time.monotonic()
        works = await it.until("audible", True) - begun
        assert (await it.figures())["fault"] is None
        await it.toggle()
        await it.until("state", "idle")
        async with asyncio.timeout(5.0):
            # It looks at the clock once a second, and the log has a thread of its own.
            while "the clock was set forward by" not in (words := it.words()):  # noqa: ASYNC110  another process, which is read
                await asyncio.sleep(0.1)
    held = asked == 0 and waited in ("retrying", "connecting") and works <= 10.0
    report(
        f"named `clock` after {named:.1f} s, {asked} requests while it is wrong; a visitor who has pressed meanwhile waits, "
        f"and {works:.1f} s after it was set the agent hears them",
        held and "the device's clock is wrong" in words,
    )


@pytest.mark.fault("clock-wrong")
async def test_an_idle_device_is_well_soon_after_its_clock(server: LiveKitServer, tmp_path: Path, report: Report) -> None:
    async with wrong(server, tmp_path) as (it, api, calendar):
        await it.until("fault", "clock")
        await asyncio.sleep(4)
        asked = len(api.requests)
        calendar.set(0.0)
        begun = time.monotonic()
        well = await it.until("fault", None) - begun
    report(
        f"idle with a wrong clock: {asked} requests, and {well:.1f} s after it was set the fault is over",
        asked == 0 and well <= 10.0,
    )


@pytest.mark.fault("clock-jump")
async def test_a_jump_of_a_day_in_a_call_changes_nothing(server: LiveKitServer, tmp_path: Path, report: Report) -> None:
    calendar = Calendar(tmp_path)
    async with place(server, tmp_path) as there, Appliance(tmp_path / "kiosk", there.api.url, environment=calendar.environment) as it:
        await it.toggle()
        await it.until("audible", True)
        await asyncio.sleep(SETTLED)
        for days in (1, -1):
            before, since, begun = await it.figures(), len(it.events), time.monotonic()
            calendar.set(days * DAY)
            await asyncio.sleep(AFTERWARDS)
            after, passed, jumped = await it.figures(), time.monotonic() - begun, await off_by(it)
            told = [event["kind"] for event in it.events[since:] if event["event"] == "told"]
            changes = [kind for kind in told if kind in ("state", "connected", "disconnected")]
            heard = len((await there.agent.heard()).since(begun).times) / 100
            rate = (after["captured"] - before["captured"]) / passed
            assert jumped == pytest.approx(days * DAY, abs=5)
            report(
                f"{days:+d} day: {len(changes)} changes of state or connection in {AFTERWARDS:g} s, {rate:.0f} blocks a second captured, "
                f"{heard:.1f} s of sound at the agent",
                not changes and after["state"] == "live" and 95 <= rate <= 105 and heard >= 0.9 * passed,
            )
        await it.toggle()
        await it.until("state", "idle")
        begun = time.monotonic()
        await it.toggle()
        again = await it.until("audible", True) - begun
        report(f"the next press is a call in {again:.1f} s", again <= 5.0)
