"""What the loopback server can be told to do wrong, as the real SDK meets it."""

from __future__ import annotations

import asyncio
import os

import pytest
from aiohttp import ClientConnectionError, ClientSession
from livekit import rtc
from livekit.protocol.models import DisconnectReason

from kiosk.audio.frames import silence
from kiosk.sim.sfu.access import mint
from kiosk.sim.world import API_KEY, World
from tests.sim.guest import Guest, eventually, joined


async def test_after_a_cut_the_sdk_joins_anew_and_is_heard(world: World) -> None:
    async with joined(world.sfu_url, world.token("hall")) as guest:
        await guest.publish()
        first = world.agent
        await world.cut(0.5)
        await guest.event("reconnected", 20)
        assert (world.sfu.joins, len(world.sfu.visitors)) == (2, 1)
        await eventually(lambda: guest.names.count("local_track_subscribed") == 2)
        await guest.speak(silence(20))
        assert world.agent is not first
        assert len(world.agent.heard.samples) > 0


async def test_signalling_alone_lost_leads_to_a_full_reconnect(world: World) -> None:
    async with joined(world.sfu_url, world.token("hall")) as guest:
        world.sfu.network.cut()
        world.sfu.network.heal()
        await guest.event("reconnected", 20)
        assert world.sfu.joins == 2


@pytest.mark.parametrize(
    "reason",
    [
        DisconnectReason.SERVER_SHUTDOWN,
        DisconnectReason.PARTICIPANT_REMOVED,
        DisconnectReason.ROOM_DELETED,
        DisconnectReason.ROOM_CLOSED,
        DisconnectReason.AGENT_ERROR,
    ],
)
async def test_leave_carries_the_chosen_reason(world: World, reason: DisconnectReason) -> None:
    async with joined(world.sfu_url, world.token("hall")) as guest:
        await world.sfu.dismiss(reason)
        assert await guest.event("disconnected") == (reason,)
        await eventually(lambda: not world.sfu.visitors)


async def test_a_twin_puts_the_first_out(world: World) -> None:
    async with joined(world.sfu_url, world.token("hall")) as first, joined(world.sfu_url, world.token("hall")):
        assert await first.event("disconnected") == (DisconnectReason.DUPLICATE_IDENTITY,)
        await eventually(lambda: len(world.sfu.visitors) == 1)


@pytest.mark.parametrize("status", [401, 404, 503])
async def test_joins_are_refused_with_the_chosen_status(world: World, status: int) -> None:
    world.sfu.faults.refuse = status
    with pytest.raises(rtc.ConnectError, match=str(status)):
        await Guest().join(world.sfu_url, world.token("hall"))


@pytest.mark.parametrize("token", ["expired", "forged", "nonsense"])
async def test_bad_tokens_are_refused(world: World, token: str) -> None:
    forged = mint("loopback", "another secret", identity="visitor", room="hall", lifetime=300)
    tokens = {"expired": world.token("hall", lifetime=-1), "forged": forged, "nonsense": "a.b.c"}
    with pytest.raises(rtc.ConnectError, match="401"):
        await Guest().join(world.sfu_url, tokens[token])


async def test_a_delayed_join_is_answered_late(world: World) -> None:
    world.sfu.faults.join_delay = 0.5
    loop = asyncio.get_running_loop()
    before = loop.time()
    async with joined(world.sfu_url, world.token("hall")):
        assert loop.time() - before >= 0.5


async def test_refreshed_tokens_reach_the_visitor(world: World) -> None:
    async with joined(world.sfu_url, world.token("hall")) as guest:
        await world.sfu.refresh_tokens()
        await guest.event("token_refreshed")


@pytest.mark.parametrize("fault", ["hold_upgrade", "hold_join"])
async def test_unanswered_joins_hang(world: World, fault: str) -> None:
    """Not with the SDK: it takes 20 s to give up, and giving up on it is not allowed."""
    setattr(world.sfu.faults, fault, True)
    url = f"{world.sfu_url}/rtc/v1?join_request="
    headers = {"Authorization": f"Bearer {world.token('hall')}"}
    async with ClientSession() as session:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3), session.ws_connect(url, headers=headers) as socket:
                await socket.receive()


async def test_a_cut_reaches_the_api_too(world: World) -> None:
    cut = asyncio.create_task(world.cut(0.3))
    await asyncio.sleep(0.1)
    async with ClientSession(headers={"Authorization": f"Bearer {API_KEY}"}) as session:
        with pytest.raises(ClientConnectionError):
            await session.post(world.api_url)
        await cut
        async with session.post(world.api_url, json={}) as answer:
            assert answer.status == 201


async def test_a_silent_cut_answers_nothing(world: World) -> None:
    cut = asyncio.create_task(world.cut(0.5, silent=True))
    await asyncio.sleep(0.1)
    async with ClientSession() as session:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await session.post(world.api_url)
    await cut


async def test_twenty_joins_leave_nothing_behind(world: World) -> None:
    async def join(number: int) -> tuple[int, int]:
        async with joined(world.sfu_url, world.token(f"room {number}")) as guest:
            await guest.publish()
        await eventually(lambda: not world.sfu.visitors)
        await asyncio.sleep(0.2)
        return len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks())

    await join(0)
    before = await join(1)
    assert [await join(number) for number in range(2, 20)][-1] <= before


async def test_rooms_side_by_side(world: World) -> None:
    async with (
        joined(world.sfu_url, world.token("east", "a")) as east,
        joined(world.sfu_url, world.token("west", "b")) as west,
    ):
        await asyncio.gather(east.publish(), west.publish())
        await asyncio.gather(east.speak(silence(20)), west.speak(silence(20)))
        assert all(len(world.agent_of(room).heard.samples) > 0 for room in ("east", "west"))
        assert len(world.sfu.visitors) == 2
