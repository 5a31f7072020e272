"""Calls that the other side ends, on the real media server: who must stop, who must not flap, and what the visitor is told."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from kiosk.machine.states import State
from kiosk.signals import Earcon, Indication
from kiosk.sim.api import Reply, SessionApi
from tests.faults.conftest import Report
from tests.faults.kiosk import KEY, Kiosk
from tests.parts.far_end import FarEnd
from tests.parts.livekit_server import LiveKitServer

ROOM = "hall"


class Place:
    """The media server, a session API whose tokens all lead into one room, and the agents in it."""

    def __init__(self, server: LiveKitServer, folder: Path) -> None:
        self.server = server
        self.lifetimes: list[float] = []
        """Seconds that the next tokens live."""
        self.identities: list[str] = []
        """Who joined, in order."""
        self.api = SessionApi(KEY, lambda: server.url, self._mint)
        self.identity: str | None = None
        """Everybody's, where it is set."""
        self._folder = folder

    def agent(self) -> FarEnd:
        """An agent for the room, to be entered."""
        token = self.server.token("agent", ROOM, kind="agent")
        return FarEnd(self.server.url, token, self._folder / f"agent-{time.monotonic_ns()}")

    async def visitors(self) -> list[str]:
        """Who is in the room beside the agent, as the server says."""
        try:
            present = await self.server.participants(ROOM)
        except RuntimeError:
            return []
        return [str(each["identity"]) for each in present if each["identity"] != "agent"]

    async def emptied(self, limit: float = 5.0) -> float:
        """Wait until the server knows of no visitor any more; when."""
        end = time.monotonic() + limit
        while await self.visitors():
            assert time.monotonic() < end, "a visitor is left in the room"
            await asyncio.sleep(0.05)
        return time.monotonic()

    def _mint(self, identity: str, _room: str, lifetime: float) -> str:
        self.identities.append(self.identity or identity)
        return self.server.token(self.identities[-1], ROOM, ttl=self.lifetimes.pop(0) if self.lifetimes else lifetime)


@pytest.fixture
async def place(server: LiveKitServer, tmp_path: Path) -> AsyncGenerator[Place]:
    made = Place(server, tmp_path)
    async with made.api:
        yield made


@asynccontextmanager
async def in_call(place: Place) -> AsyncGenerator[tuple[Kiosk, FarEnd]]:
    """A device whose agent hears it."""
    async with place.agent() as agent, Kiosk(place.api.url) as kiosk:
        await kiosk.call()
        yield kiosk, agent


async def stops(place: Place, end: Callable[[], Coroutine[Any, Any, None]]) -> tuple[str, bool]:
    """What becomes of a call that the server ends."""
    async with in_call(place) as (kiosk, _):
        told = time.monotonic()
        await end()
        idle = await kiosk.until(State.IDLE) - told
        lit = await kiosk.until_lit(Indication.IDLE, told) - told
        toned = await kiosk.until_heard(Earcon.ENDED, told) - told
        await asyncio.sleep(4.0)
        joined = await place.visitors()
        quiet = kiosk.state is State.IDLE and len(place.api.requests) == 1 and not joined and not kiosk.standing
    text = f"idle and LED {max(idle, lit):.2f} s, tone {toned:.2f} s after; {len(place.api.requests) - 1} new tokens, {len(joined)} rejoins"
    return text, quiet and max(idle, lit) < 2


@pytest.mark.fault("room-deleted")
async def test_a_deleted_room_is_the_end(place: Place, report: Report) -> None:
    report(*await stops(place, lambda: place.server.delete_room(ROOM)))


@pytest.mark.fault("removed")
async def test_a_removed_participant_stays_away(place: Place, report: Report) -> None:
    report(*await stops(place, lambda: place.server.remove_participant(ROOM, place.identities[0])))


@pytest.mark.fault("displaced")
async def test_twins_do_not_throw_each_other_out_for_ever(place: Place, report: Report) -> None:
    place.identity = "kiosk-7"
    freely = {"requests_per_minute": 60}
    async with place.agent(), Kiosk(place.api.url, session=freely) as one, Kiosk(place.api.url, session=freely) as other:
        await one.call()
        begun = await other.press()
        named = await one.until_named("displaced", begun) - begun
        toned = await one.until_heard(Earcon.ERROR, begun) - begun
        end = time.monotonic() + 12.0
        while time.monotonic() < end:
            for each in (one, other):
                if each.state is State.IDLE:
                    await each.press()
            await asyncio.sleep(0.2)
        live = [each.state is State.LIVE for each in (one, other)]
        present = await place.visitors()
        joins = [each.kinds().count("connected") for each in (one, other)]
    # Each joins once, and once more after it was thrown out.
    text = f"two of one identity, pressed whenever idle: named after {named:.1f} s, joins {joins[0]} and {joins[1]}, then one stays"
    report(text, max(joins) <= 2 and sum(live) == 1 and present == ["kiosk-7"] and toned < 3)


@pytest.mark.fault("agent-never")
async def test_an_agent_that_never_comes_is_said_and_the_call_ends(place: Place, report: Report) -> None:
    async with Kiosk(place.api.url) as kiosk:
        pressed = await kiosk.press()
        await kiosk.until(State.LIVE)
        joined = time.monotonic()
        toned = await kiosk.until_heard(Earcon.ERROR, joined, limit=12.0) - joined
        idle = await kiosk.until(State.IDLE) - joined
        lit = await kiosk.until_lit(Indication.IDLE, joined) - joined
        left = await place.emptied() - joined
        await kiosk.until(lambda: len(place.api.ended) == 1)
        named = "agent-missing" in {code for _, code, _ in kiosk.named}
        whole = await kiosk.until_named("agent-missing", pressed) - pressed
    text = f"said {toned:.1f} s, idle {idle:.1f} s, room left {left:.1f} s after the join ({whole:.1f} s after the press)"
    report(text, named and max(toned, idle, left) < 10 and lit - idle < 1)


@pytest.mark.fault("agent-leaves")
@pytest.mark.parametrize("how", ["leaves", pytest.param("is killed", marks=pytest.mark.slow)])
async def test_an_agent_that_leaves_is_said_and_the_call_ends(how: str, place: Place, report: Report) -> None:
    async with in_call(place) as (kiosk, agent):
        if how == "leaves":
            await agent.leave()
        else:
            await agent.kill()
        # A killed agent is missed by the server, not by us: until it tells, its sockets might still carry its voice.
        begun = time.monotonic()
        await kiosk.until(lambda: not kiosk.device.calls.current or not kiosk.device.calls.current.agent_present, limit=40.0)
        gone = time.monotonic()
        toned = await kiosk.until_heard(Earcon.ERROR, gone, limit=8.0) - gone
        idle = await kiosk.until(State.IDLE) - gone
        left = await place.emptied() - gone
        named = "agent-missing" in {code for _, code, _ in kiosk.named}
    text = f"the agent {how}, told of {gone - begun:.1f} s later: said {toned:.1f} s, idle {idle:.1f} s, left {left:.1f} s after"
    report(text, named and max(toned, idle, left) < 5)


@pytest.mark.fault("token-before")
@pytest.mark.parametrize("who", ["the API says so", "only the media server knows"])
async def test_a_token_that_expires_before_the_join_is_replaced_once(who: str, place: Place, report: Report) -> None:
    if who == "the API says so":
        place.lifetimes = [2.0]
    else:
        # An API whose clock is behind: it believes that what it gives is good.
        stale = place.server.token("visitor", ROOM, ttl=-400.0)
        body = {"token": stale, "livekit_url": place.server.url, "room_name": ROOM, "session_id": "stale"}
        place.api.replies.append(Reply(200, json.dumps(body), {"Date": formatdate(time.time() - 600, usegmt=True)}))
    async with place.agent(), Kiosk(place.api.url) as kiosk:
        pressed = await kiosk.press()
        await kiosk.until(lambda: kiosk.device.dispatcher.kiosk.audible)
        taken = time.monotonic() - pressed
        asked, tones, shown = len(place.api.requests), kiosk.tones(pressed), kiosk.shown()
    text = f"{who}: {asked - 1} new one, the agent hears {taken:.1f} s after the press"
    unnoticed = not tones - {Earcon.LISTENING} and "reconnecting" not in shown and not kiosk.named
    report(text, asked == 2 and taken < 3 and unnoticed)


@pytest.mark.fault("token-in-call")
async def test_a_token_that_expires_in_a_call_is_not_heard_of(place: Place, report: Report) -> None:
    # The first is too short to be taken, its successor is taken whatever it lives.
    place.lifetimes = [4.0, 4.0]
    async with in_call(place) as (kiosk, _):
        joined, begun = time.monotonic(), len(kiosk.happenings)
        await asyncio.sleep(9.0)
        rest = [each for _, each in kiosk.happenings[begun:] if each.kind in ("disconnected", "state")]
        drops = sum(each.kind == "disconnected" for each in rest)
        whole = kiosk.state is State.LIVE and not kiosk.named and kiosk.tones(joined + 1.0) == set()
        present = len(await place.visitors())
    lights = [str(each.detail["indication"]) for each in rest if each.kind == "state"]
    text = f"a token of 4 s: {drops} drops and {len(lights)} changes of the light in 9 s of call {' '.join(lights)}".rstrip()
    report(text, whole and rest == [] and present == 1)
