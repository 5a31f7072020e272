"""LiveKitCall against a real media server, with the far end in a process of its own."""

from __future__ import annotations

import asyncio
import gc
import time
from pathlib import Path

import numpy as np
import pytest
from livekit.rtc._proto.room_pb2 import SimulateScenarioKind as Scenario

from kiosk.audio.frames import BLOCK, BLOCK_S, Block, silence
from kiosk.errors import Retry, RoomError
from kiosk.room import native
from kiosk.room.bounded import REAPER
from kiosk.room.call import LiveKitCall
from kiosk.room.events import (
    AgentArrived,
    AgentLeft,
    AgentState,
    Displaced,
    Ended,
    HeardByAgent,
    Lost,
    Message,
    Resumed,
    Resuming,
    TokenRefreshed,
    TrackSubscribed,
    Transcript,
)
from kiosk.room.protocol import RoomStatistics
from tests.live.hall import aligns_sound
from tests.parts.align import align
from tests.parts.far_end import FarEnd
from tests.parts.livekit_server import LiveKitServer, server_binary
from tests.room.conftest import Visit
from tests.room.sounds import spoken, sweeps


def feed(call: LiveKitCall, sound: Block) -> None:
    """Sends in real time from this thread."""
    start = time.monotonic()
    for number, block in enumerate(sound.reshape(-1, BLOCK)):
        call.send(block)
        time.sleep(max(0.0, start + (number + 1) * BLOCK_S - time.monotonic()))


@aligns_sound
async def test_nothing_is_lost_from_the_moment_the_agent_hears(visit: Visit, agent: FarEnd) -> None:
    await visit.join()
    await visit.told(HeardByAgent)
    sound = spoken()
    await asyncio.to_thread(feed, visit.call, sound)
    await asyncio.sleep(0.5)
    assert align(sound, (await agent.heard()).samples).lost_ms == 0.0


@aligns_sound
async def test_an_agent_that_comes_later(visit: Visit, server: LiveKitServer, room: str, tmp_path: Path) -> None:
    await visit.join()
    async with FarEnd(server.url, server.token("agent", room, kind="agent"), tmp_path / "late") as far:
        await visit.told(HeardByAgent)
        sound = spoken()
        await asyncio.to_thread(feed, visit.call, sound)
        await asyncio.sleep(0.5)
        assert align(sound, (await far.heard()).samples).lost_ms == 0.0
        await visit.told(AgentArrived)
    await visit.told(AgentLeft)


async def test_leaving_is_seen_at_once_and_once(visit: Visit, agent: FarEnd) -> None:
    await visit.join()
    await visit.told(TrackSubscribed)
    await agent.event("arrived", identity="kiosk")
    after, begun = len(agent.events), time.monotonic()
    await visit.call.leave()
    assert time.monotonic() - begun < 2.0
    await agent.event("left", after=after)
    await asyncio.sleep(1.0)
    assert [event["event"] for event in agent.events[after:] if event["event"] in ("arrived", "left")] == ["left"]
    assert known_to(visit) == []


@aligns_sound
async def test_the_agents_voice_arrives(visit: Visit, agent: FarEnd) -> None:
    await visit.join()
    await visit.told(TrackSubscribed)
    sound = spoken()
    after = len(agent.events)
    await agent.play(sound)
    await agent.event("spoken", after=after)
    await asyncio.sleep(0.5)
    assert {block.shape for block in visit.blocks} == {(BLOCK,)}
    assert align(sound, np.concatenate(visit.blocks)).lost_ms == 0.0


async def test_mute_reaches_the_far_end(visit: Visit, agent: FarEnd) -> None:
    await visit.join()
    await visit.told(HeardByAgent)
    await visit.call.mute(True)
    await agent.event("mute", identity="kiosk")
    await visit.call.mute(False)
    await agent.event("unmute", identity="kiosk")


async def test_state_words_and_messages(visit: Visit, agent: FarEnd) -> None:
    await agent.state("listening")
    await visit.join()
    await visit.told(AgentState, where=lambda event: event.state == "listening")
    await visit.told(HeardByAgent)
    await agent.state("thinking")
    await visit.told(AgentState, where=lambda event: event.state == "thinking")
    await agent.transcript("I said so", shape="data", segment="A")
    assert (await visit.told(Transcript, where=lambda event: event.final)).of_visitor is False
    await agent.transcript("You said so", shape="packet", of="kiosk", segment="B")
    assert (await visit.told(Transcript, where=lambda event: event.text == "You said so")).of_visitor is True
    await agent.transcript("In a stream", shape="stream", segment="C")
    streamed = await visit.told(Transcript, where=lambda event: event.text == "In a stream" and event.final)
    assert streamed == Transcript("agent", "In a stream", True, "C", False)
    await agent.data({"action": "open"}, topic="door")
    assert await visit.told(Message) == Message("door", {"action": "open"})


async def test_recorded_words_go_to_the_agent(visit: Visit, agent: FarEnd) -> None:
    await visit.join()
    await visit.told(HeardByAgent)
    pcm = sweeps(1.0).tobytes()
    await visit.call.send_recorded(pcm)
    received, attributes = await agent.preconnect()
    assert received == pcm
    assert (attributes["sampleRate"], attributes["channels"]) == ("48000", "1")
    assert attributes["trackId"].startswith("TR_")


@aligns_sound
@pytest.mark.parametrize("scenario", [Scenario.SIMULATE_SIGNAL_RECONNECT, Scenario.SIMULATE_FULL_RECONNECT, Scenario.SIMULATE_MIGRATION])
async def test_heard_again_after_a_reconnect(visit: Visit, agent: FarEnd, scenario: Scenario.ValueType) -> None:
    """Or told lost, where the library has mended nothing (one signal reconnect in eight, this soon), and a new call is heard."""
    await visit.join()
    await visit.told(HeardByAgent)
    seen = len(visit.events)
    room = visit.call._room  # pyright: ignore[reportPrivateUsage]  the library's own fault injection needs its room
    assert room is not None
    await REAPER.bounded(room.simulate_scenario(scenario), 10.0)
    broken = visit.events.index(await visit.told(Resuming, after=seen))
    if isinstance(await visit.told((Resumed, Lost), after=seen), Lost):
        await visit.call.leave()
        visit = Visit(visit.server, visit.room)
        await visit.join()
        await visit.told(HeardByAgent)
    else:
        await visit.told(HeardByAgent, after=broken)
    sound = spoken()
    await asyncio.to_thread(feed, visit.call, sound)
    await asyncio.sleep(0.5)
    assert align(sound, (await agent.heard()).samples).lost_ms == 0.0
    await visit.call.leave()


def known_to(visit: Visit) -> list[str]:
    """Who is still in the room as far as the library knows: after the end it keeps the memory of each for ever."""
    room = visit.call._room  # pyright: ignore[reportPrivateUsage]  nothing else tells
    assert room is not None
    return list(room.remote_participants)


async def test_a_leave_after_which_the_library_reconnects_is_no_end(visit: Visit, agent: FarEnd) -> None:
    await visit.join()
    await visit.told(HeardByAgent)
    seen, room, traffic = len(visit.events), visit.call._room, visit.call._traffic  # pyright: ignore[reportPrivateUsage]
    assert room is not None
    assert traffic is not None
    traffic.ending()
    await REAPER.bounded(room.simulate_scenario(Scenario.SIMULATE_FULL_RECONNECT), 10.0)
    await visit.told(Resumed, after=seen)
    await visit.told(HeardByAgent, after=seen)
    await agent.state("thinking")
    await visit.told(AgentState, after=seen, where=lambda event: event.state == "thinking")


async def test_how_sessions_end(visit: Visit, agent: FarEnd, server: LiveKitServer) -> None:
    await visit.join()
    await visit.told(TrackSubscribed)
    await server.remove_participant(visit.room, "kiosk")
    assert await visit.told(Ended) == Ended("removed")
    assert await visit.call.statistics() == RoomStatistics()
    assert known_to(visit) == []
    assert not any(isinstance(event, AgentLeft) for event in visit.events)


async def test_a_deleted_room(visit: Visit, agent: FarEnd, server: LiveKitServer) -> None:
    await visit.join()
    await visit.told(TrackSubscribed)
    await server.delete_room(visit.room)
    assert await visit.told(Ended) == Ended("deleted")
    assert known_to(visit) == []


async def test_of_a_stay_that_the_server_ended_nothing_stays_behind(visit: Visit, agent: FarEnd, server: LiveKitServer) -> None:
    tasks, listening = asyncio.all_tasks(), native.subscribers()
    await visit.join()
    await visit.told(TrackSubscribed)
    await server.delete_room(visit.room)
    await visit.told(Ended)
    await visit.call.leave()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == tasks
    assert native.subscribers() == listening


async def test_a_twin_displaces_us(visit: Visit, server: LiveKitServer) -> None:
    await visit.join()
    twin = Visit(server, visit.room)
    await twin.join()
    assert await visit.told(Displaced) == Displaced()
    await twin.call.leave()


async def test_a_server_that_shuts_down(tmp_path: Path) -> None:
    async with LiveKitServer(server_binary(), tmp_path) as doomed:
        visit = Visit(doomed, "doomed")
        await visit.join()
        await asyncio.to_thread(doomed.stop)
        assert (await visit.told(Lost, seconds=30.0)).error.code == "room-lost"
        await visit.call.leave()


@pytest.mark.parametrize(("ttl", "code"), [(-400.0, "token-rejected"), (300.0, "server-unreachable")])
async def test_joins_that_fail(server: LiveKitServer, caplog: pytest.LogCaptureFixture, ttl: float, code: str) -> None:
    visit = Visit(server, "nobody")
    token = server.token("kiosk", "nobody", ttl=ttl)
    url = server.url if code == "token-rejected" else "ws://127.0.0.1:1"
    with pytest.raises(RoomError) as caught:
        await visit.call.join(url, token, timeout=10.0)
    assert (caught.value.code, caught.value.retry) == (code, Retry.SOON)
    assert token not in repr(caught.value) + caplog.text
    await visit.call.leave()


async def test_a_join_without_an_answer_is_given_up_and_reaped(tmp_path: Path) -> None:
    async with LiveKitServer(server_binary(), tmp_path) as silent:
        silent.freeze()
        visit = Visit(silent, "silent")
        with pytest.raises(RoomError) as caught:
            await visit.join(seconds=1.0)
        assert caught.value.code == "join-timeout"
        assert REAPER.given_up == 1
        await visit.call.leave()
        silent.thaw()
        async with asyncio.timeout(20.0):
            while REAPER.given_up:  # noqa: ASYNC110  the reaper tells nobody
                await asyncio.sleep(0.05)
        assert [each for each in await silent.participants("silent") if each["state"] == "ACTIVE"] == []


async def test_figures_and_the_servers_token(visit: Visit, agent: FarEnd) -> None:
    await visit.join()
    refreshed = await visit.told(TokenRefreshed)
    assert refreshed.lifetime is not None
    assert 0.0 < refreshed.lifetime < 86_400.0
    await visit.told(TrackSubscribed)
    await agent.play(sweeps(1.0))
    await asyncio.sleep(1.0)
    figures = await visit.call.statistics()
    assert figures.rtt_ms is not None
    assert figures.rtt_ms < 500.0
    assert figures.jitter_ms is not None
    assert figures.lost == 0


async def test_nothing_stays_behind(visit: Visit, agent: FarEnd) -> None:
    tasks, listening = asyncio.all_tasks(), native.subscribers()
    await visit.join()
    await visit.told(TrackSubscribed)
    await visit.told(HeardByAgent)
    await visit.call.statistics()
    start = time.monotonic()
    await visit.call.leave()
    assert time.monotonic() - start < 4.0
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == tasks
    assert native.subscribers() == listening
    # The end of the library's objects, whenever the collector finds them, takes no lock of the library's.
    with native._module("_ffi_client").FfiClient.instance.queue._lock:  # pyright: ignore[reportPrivateUsage]
        visit.call._room, visit.call._traffic = None, None  # pyright: ignore[reportPrivateUsage]
        await asyncio.wait_for(asyncio.to_thread(gc.collect), 10.0)
    assert REAPER.given_up == 0
    told = len(visit.events)
    visit.call.send(silence())
    await visit.call.mute(True)
    await visit.call.leave()
    assert await visit.call.statistics() == RoomStatistics()
    assert len(visit.events) == told
