"""The calendar of the daemon's process, and of no other, is wrong, becomes right, and jumps in a call."""

from __future__ import annotations

import asyncio
import datetime
import ssl
import time
from pathlib import Path

import pytest
import trustme
from aiohttp import web

from tests.faults.appliance import ROOM, Appliance, place
from tests.faults.conftest import Report
from tests.parts.calendar import Calendar
from tests.parts.far_end import FarEnd
from tests.parts.livekit_server import LiveKitServer
from tests.session.helpers import FakeApi, fake_api

DAY = 86_400.0
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


@pytest.mark.fault("clock-wrong")
async def test_a_wrong_clock_is_named_and_a_right_one_works_at_once(server: LiveKitServer, tmp_path: Path, report: Report) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", not_before=NOW - datetime.timedelta(days=30)).configure_cert(context)
    calendar = Calendar(tmp_path, -400 * DAY)
    environment = {**calendar.environment, "SSL_CERT_FILE": str(tmp_path / "ca.pem")}
    agent = FarEnd(server.url, server.token("agent", ROOM, kind="agent"), tmp_path / "agent")
    async with agent, fake_api(context) as api, Appliance(tmp_path / "kiosk", api.url, environment=environment) as it:
        answering(api, server)
        begun = time.monotonic()
        named = await it.until("fault", "clock") - begun
        assert await off_by(it) == pytest.approx(-400 * DAY, abs=5)
        await it.toggle()
        await asyncio.sleep(0.3)
        waited = (await it.figures())["state"]
        await it.toggle()
        await asyncio.sleep(4)
        asked = len(api.requests)
        calendar.set(0.0)
        begun = time.monotonic()
        right = await it.until("fault", None) - begun
        await it.toggle()
        works = await it.until("audible", True) - begun
        words = it.words()
    held = asked == 0 and works <= 10.0 and "the device's clock is wrong" in words and "the clock was set forward by" in words
    report(
        f"named `clock` after {named:.1f} s, {asked} requests, a press waits ({waited}); "
        f"{right:.1f} s after it was set the fault is over, and after {works:.1f} s the agent hears a visitor",
        held,
    )


@pytest.mark.fault("clock-jump")
@pytest.mark.parametrize("days", [1, -1])
async def test_a_jump_of_a_day_in_a_call_changes_nothing(days: int, server: LiveKitServer, tmp_path: Path, report: Report) -> None:
    calendar = Calendar(tmp_path)
    async with place(server, tmp_path) as there, Appliance(tmp_path / "kiosk", there.api.url, environment=calendar.environment) as it:
        await it.toggle()
        await it.until("audible", True)
        before, since = await it.figures(), len(it.events)
        begun = time.monotonic()
        calendar.set(days * DAY)
        await asyncio.sleep(5)
        passed = time.monotonic() - begun
        after = await it.figures()
        jumped = await off_by(it)
        changes = [
            event for event in it.events[since:] if event["event"] == "told" and event["kind"] in ("state", "connected", "disconnected")
        ]
        heard = len((await there.agent.heard()).since(begun).times) / 100
        await it.toggle()
        await it.until("state", "idle")
        await it.toggle()
        again = await it.until("audible", True) - begun
    rate = (after["captured"] - before["captured"]) / passed
    held = not changes and after["state"] == "live" and jumped == pytest.approx(days * DAY, abs=5)
    report(
        f"{days:+d} day: {len(changes)} changes of state or connection in 5 s, {rate:.0f} blocks a second captured (100 before), "
        f"{heard:.1f} s of sound at the agent; hung up and called again within {again - passed:.1f} s",
        held and 95 <= rate <= 105 and heard >= 0.9 * passed,
    )
