"""Faults of the API that last: who must wait as told, who must not hammer, who may try soon. In virtual time over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from kiosk.errors import Retry, RoomError
from kiosk.machine.states import State
from kiosk.room import events as room
from tests.faults.conftest import Report
from tests.faults.paced import Paced, Rooms, most_in, now
from tests.session.helpers import FakeApi, answer, fake_api

pytestmark = pytest.mark.looptime(noop_cycles=10)


@pytest.fixture
async def api() -> AsyncIterator[FakeApi]:
    async with fake_api() as served:
        yield served


def grants(api: FakeApi) -> None:
    api.answers(lambda: web.json_response(answer()))


def fails(api: FakeApi, status: int, **headers: str) -> None:
    api.answers(lambda: web.json_response({"detail": "as told"}, status=status, headers=headers))


@pytest.mark.fault("api-401")
async def test_a_refusal_is_a_fault_and_is_tried_again_slowly(api: FakeApi, monkeypatch: pytest.MonkeyPatch, report: Report) -> None:
    told: list[str] = []
    held = True
    for status, code in ((401, "bad-key"), (402, "no-balance"), (403, "forbidden"), (404, "unknown-agent"), (422, "bad-parameters")):
        fails(api, status)
        async with Paced(monkeypatch, api) as device:
            begun = now()
            device.press()
            await device.until(lambda code=code: code in device.standing, 2.0)
            named = now() - begun
            right = (device.state, device.light, device.tones) == (State.IDLE, "fault", ["listening", "refused"])
            for _ in range(60):
                await asyncio.sleep(11)
                device.press()
            asked = device.since(begun)
            grants(api)
            await device.until(lambda: not device.standing, 601.0)
            held = held and right and device.light == "idle" and named < 1 and most_in(asked, 300.0) == 1
            told.append(f"{status} {len(asked)}")
    text = f"requests in 11 min of a press every 11 s: {', '.join(told)}; LED and tone at once; over by itself once granted (virtual time)"
    report(text, held)


@pytest.mark.fault("api-429")
async def test_nobody_is_asked_before_the_told_time(api: FakeApi, monkeypatch: pytest.MonkeyPatch, report: Report) -> None:
    waits: list[str] = []
    held = True
    for told, status in ((7, 429), (150, 429), (900, 429), (90, 503)):
        fails(api, status, **{"Retry-After": str(told)})
        rooms = Rooms()
        grants(api)
        async with Paced(monkeypatch, api, rooms) as device:
            await device.call()
            fails(api, status, **{"Retry-After": str(told)})
            # In a call the device itself wants back in, and a visitor presses all the while.
            rooms.present[0].tell(room.Lost(RoomError("gone", code="room-lost", retry=Retry.SOON)))
            begun = now()
            await device.until(lambda device=device, begun=begun: bool(device.since(begun)), 2.0)
            first = now()
            grants(api)
            while len(device.since(begun)) == 1:
                assert now() - first < told + 60
                await asyncio.sleep(0.5)
                device.press()
            waited = now() - first
            held = held and waited >= told - 0.1
            waits.append(f"{status} with {told} s: {waited:.0f} s")
    report(f"in a lost call with a press every 0.5 s (virtual time): {', '.join(waits)}", held)


@pytest.mark.fault("api-5xx")
async def test_a_failing_api_is_asked_seldom_and_found_well_soon(api: FakeApi, monkeypatch: pytest.MonkeyPatch, report: Report) -> None:
    counts: list[int] = []
    backs: list[float] = []
    rested: list[int] = []
    for _ in range(5):
        grants(api)
        rooms = Rooms()
        async with Paced(monkeypatch, api, rooms, max_duration="5h") as device:
            await device.call()
            fails(api, 500 + 2 * (len(counts) % 2))
            begun = now()
            rooms.present[0].tell(room.Lost(RoomError("gone", code="room-lost", retry=Retry.SOON)))
            await asyncio.sleep(900)
            asked = device.since(begun)
            counts.append(most_in(asked, 600.0))
            assert (device.light, "api-down" in device.standing) == ("reconnecting", True)
            grants(api)
            backs.append(await device.until(lambda: device.device.dispatcher.kiosk.audible, 90.0))
    for _ in range(2):
        fails(api, 503)
        async with Paced(monkeypatch, api) as device:
            begun = now()
            device.press()
            await device.until(lambda: device.state is State.IDLE, 40.0)
            assert (device.light, device.tones[-1]) == ("offline", "offline")
            for _ in range(30):
                await asyncio.sleep(30)
                assert device.light == "offline"
            rested.append(most_in(device.since(begun), 600.0))
            grants(api)
            backs.append(await device.until(lambda: device.light == "idle", 90.0))
    text = (
        f"at most {max(counts)} requests in any 10 min of a lost call, {max(rested)} at rest after a press; back at most"
        f" {max(backs):.0f} s after it heals, in {len(backs)} outages (virtual time)"
    )
    report(text, max(*counts, *rested) <= 20 and max(backs) <= 65)


async def test_a_press_shortens_a_backoff_but_breaks_no_rate_limit(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in (2, 5):
        grants(api)
        rooms = Rooms()
        async with Paced(monkeypatch, api, rooms, requests_per_minute=limit) as device:
            await device.call()
            fails(api, 500)
            begun = now()
            rooms.present[0].tell(room.Lost(RoomError("gone", code="room-lost", retry=Retry.SOON)))
            for _ in range(400):
                await asyncio.sleep(0.5)
                # In the midst of an attempt a press would hang up.
                if device.state is State.RETRYING:
                    device.press()
            asked = device.since(begun)
            assert most_in(asked, 60.0) == limit
            assert len(asked) >= 3 * limit


@pytest.mark.fault("displaced")
async def test_twins_join_again_once_in_5_min_however_often_they_are_pressed(
    api: FakeApi, monkeypatch: pytest.MonkeyPatch, report: Report
) -> None:
    first, second = Rooms(), Rooms()
    first.twin, second.twin = second, first
    session = {"requests_per_minute": 60, "idle_timeout": "1h", "max_duration": "5h"}
    async with Paced(monkeypatch, api, first, **session) as one, Paced(monkeypatch, api, second, **session) as other:
        await one.call()
        for _ in range(900):
            await asyncio.sleep(1)
            for device in (one, other):
                if device.state is State.IDLE:
                    device.press()
        most = max(most_in(one.rooms.joins[1:], 300.0), most_in(other.rooms.joins[1:], 300.0))
        total = len(one.rooms.joins) + len(other.rooms.joins)
        named = "displaced" in one.standing | other.standing and "error" in (one.tones[-1], other.tones[-1])
    report(
        f"two of one identity, pressed each second for 15 min: {total} joins, at most {most} rejoin in 5 min (virtual time)",
        most == 1 and named,
    )
