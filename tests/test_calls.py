"""Calls on fakes in virtual time: what is asked of API and room, and what is told to the machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from kiosk.audio.frames import Block, silence
from kiosk.calls import Calls, Missed
from kiosk.chronicle import Chronicle, Happening
from kiosk.errors import Retry, RoomError, SessionError
from kiosk.machine.events import Event, On
from kiosk.machine.states import Talk
from kiosk.nursery import Nursery
from kiosk.room import events as room
from kiosk.room.protocol import RoomStatistics
from kiosk.session.grant import Grant
from tests.fakes import FakeSound

pytestmark = pytest.mark.looptime


class FakeTokens:
    """An API that grants after `delay` seconds, or raises what it is given."""

    def __init__(self) -> None:
        self.delay = 0.0
        self.error: SessionError | None = None
        self.taken = 0
        self.ended: list[str] = []

    async def take(self, needed: float) -> Grant:
        await asyncio.sleep(self.delay)
        if self.error:
            raise self.error
        self.taken += 1
        return Grant("wss://media", f"token-{self.taken}", str(self.taken), "room", 300.0)

    async def end(self, grant: Grant) -> None:
        self.ended.append(grant.token)


class FakeCall:
    """A room that is joined after `delay` seconds; `errors` are raised by the next joins."""

    delay = 0.0
    errors: list[RoomError]

    def __init__(self, on_event: Callable[[room.RoomEvent], None], on_audio: Callable[[Block], None]) -> None:
        self.on_event, self.on_audio = on_event, on_audio
        self.joined_with: str | None = None
        self.left = 0
        self.recorded = b""
        self.unsent: RoomError | None = None
        self.muted: bool | None = None

    async def join(self, url: str, token: str, *, timeout: float) -> None:
        await asyncio.sleep(self.delay)
        if self.errors:
            raise self.errors.pop(0)
        self.joined_with = token

    def send(self, block: Block) -> None:
        pass

    async def mute(self, muted: bool) -> None:
        self.muted = muted

    async def send_recorded(self, pcm: bytes) -> None:
        if self.unsent:
            raise self.unsent
        self.recorded += pcm

    async def leave(self) -> None:
        self.left += 1

    async def statistics(self) -> RoomStatistics:
        return RoomStatistics(rtt_ms=7.0)


class Bench:
    """Calls over fakes; `events` is what the machine would have been told."""

    def __init__(self, *, stream: bool = False) -> None:
        self.tokens, self.sound, self.nursery = FakeTokens(), FakeSound(), Nursery()
        self.rooms: list[FakeCall] = []
        self.events: list[Event] = []
        self.failures: list[SessionError | RoomError] = []
        self.mishaps: list[tuple[int, RoomError]] = []
        self.happenings: list[Happening] = []
        chronicle = Chronicle(words=True)
        chronicle.listen(self.happenings.append)
        FakeCall.errors, FakeCall.delay = [], 0.0
        self.calls = Calls(self.tokens, self._new_call, self.sound, chronicle, self.nursery, stream=stream)
        self.calls.post = self.events.append
        self.calls.on_failure = lambda generation, error: self.failures.append(error)
        self.calls.on_mishap = lambda generation, error: self.mishaps.append((generation, error))

    def _new_call(self, on_event: Callable[[room.RoomEvent], None], on_audio: Callable[[Block], None]) -> FakeCall:
        self.rooms.append(FakeCall(on_event, on_audio))
        return self.rooms[-1]

    def kinds(self) -> list[On]:
        return [event.on for event in self.events]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    yield made
    await made.nursery.close()
    assert made.nursery.idle


async def test_a_connection_is_asked_for_joined_left_and_ended(bench: Bench) -> None:
    bench.calls.connect(1)
    await asyncio.sleep(1)
    assert bench.kinds() == [On.JOINED]
    assert bench.rooms[0].joined_with == "token-1"
    assert await bench.calls.statistics() == RoomStatistics(rtt_ms=7.0)
    bench.calls.leave()
    await bench.calls.emptied()
    assert bench.rooms[0].left == 1
    assert bench.tokens.ended == ["token-1"]
    assert await bench.calls.statistics() is None


async def test_what_the_room_said_during_the_join_is_told_after_it(bench: Bench) -> None:
    bench.calls.connect(1)
    for event in (room.AgentArrived("agent"), room.AgentState("thinking"), room.HeardByAgent()):
        bench.rooms[0].on_event(event)
    assert bench.events == []
    await asyncio.sleep(1)
    assert bench.kinds() == [On.JOINED, On.AGENT_ARRIVED, On.AUDIBLE, On.AGENT_TALK]
    assert bench.events[-1].talk is Talk.THINKING


@pytest.mark.parametrize("heard_before", [True, False])
async def test_after_a_resume_the_machine_is_told_again_who_is_there(bench: Bench, heard_before: bool) -> None:
    bench.calls.connect(1)
    await asyncio.sleep(1)
    bench.rooms[0].on_event(room.HeardByAgent())
    bench.events.clear()
    bench.rooms[0].on_event(room.Resuming())
    if heard_before:
        bench.rooms[0].on_event(room.HeardByAgent())
    bench.rooms[0].on_event(room.Resumed())
    assert [on for on in bench.kinds() if on is not On.AUDIBLE] == [On.RESUMING, On.RESUMED, On.AGENT_ARRIVED]
    assert (bench.kinds()[-1] is On.AUDIBLE) is heard_before


async def test_an_agent_that_left_hears_nothing(bench: Bench) -> None:
    bench.calls.connect(1)
    await asyncio.sleep(1)
    bench.rooms[0].on_event(room.HeardByAgent())
    bench.rooms[0].on_event(room.AgentLeft())
    bench.rooms[0].on_event(room.Resuming())
    bench.events.clear()
    bench.rooms[0].on_event(room.Resumed())
    assert bench.kinds() == [On.RESUMED]


@pytest.mark.parametrize(
    ("event", "on"),
    [
        (room.Lost(RoomError("gone", code="room-lost", retry=Retry.SOON)), On.LOST),
        (room.Ended("deleted"), On.ENDED),
        (room.Displaced(), On.DISPLACED),
        (room.AgentLeft(), On.AGENT_LEFT),
    ],
)
async def test_ends_are_told_to_the_machine(bench: Bench, event: room.RoomEvent, on: On) -> None:
    bench.calls.connect(4)
    await asyncio.sleep(1)
    bench.rooms[0].on_event(event)
    assert bench.events[-1] == Event(on, 4)


async def test_an_expired_token_is_replaced_once_unnoticed(bench: Bench) -> None:
    rejected = RoomError("401", code="token-rejected", retry=Retry.SOON)
    FakeCall.errors = [rejected]
    bench.calls.connect(1)
    await asyncio.sleep(1)
    assert bench.kinds() == [On.JOINED]
    assert bench.rooms[1].joined_with == "token-2"
    assert bench.rooms[0].left == 1
    assert bench.tokens.ended == ["token-1"]
    bench.calls.leave()
    FakeCall.errors = [rejected, rejected]
    bench.calls.connect(2)
    await asyncio.sleep(1)
    assert [error.code for error in bench.failures if isinstance(error, RoomError)] == ["token-rejected"]


async def test_a_failed_attempt_is_told_with_its_error_and_leaves_nothing(bench: Bench) -> None:
    bench.tokens.error = SessionError("no", code="api-down", retry=Retry.SOON)
    bench.calls.connect(1)
    await asyncio.sleep(1)
    assert bench.failures == [bench.tokens.error]
    assert bench.calls.missed is None
    bench.calls.leave()
    await bench.calls.emptied()
    assert bench.events == []


async def test_where_an_attempt_failed_at_a_media_server_is_known_when_it_is_told(bench: Bench) -> None:
    FakeCall.errors = [RoomError("away", code="server-unreachable", retry=Retry.SOON)]
    known: list[Missed | None] = []
    bench.calls.on_failure = lambda generation, error: known.append(bench.calls.missed)
    await asyncio.sleep(5)
    bench.calls.connect(1)
    await asyncio.sleep(1)
    assert known == [Missed("wss://media", 5.0)]


async def test_an_attempt_given_up_while_the_token_comes_never_joins_and_ends_its_session(bench: Bench) -> None:
    bench.tokens.delay = 5.0
    bench.calls.connect(1)
    await asyncio.sleep(1)
    bench.calls.leave()
    await bench.calls.emptied()
    assert bench.rooms[0].joined_with is None
    assert bench.tokens.ended == ["token-1"]
    assert bench.events == []
    assert bench.failures == []


@pytest.mark.parametrize("event", [room.Ended("deleted"), room.Displaced()])
async def test_an_end_of_the_room_before_it_is_joined_is_told_at_once(bench: Bench, event: room.RoomEvent) -> None:
    FakeCall.delay = 5.0
    bench.calls.connect(1)
    await asyncio.sleep(1)
    bench.rooms[0].on_event(event)
    assert bench.kinds() == [On.ENDED if isinstance(event, room.Ended) else On.DISPLACED]


async def test_a_room_that_is_lost_before_it_is_joined_is_a_failed_attempt(bench: Bench) -> None:
    FakeCall.delay = 5.0
    bench.calls.connect(1)
    await asyncio.sleep(1)
    lost = RoomError("gone", code="room-lost", retry=Retry.SOON)
    bench.rooms[0].on_event(room.Lost(lost))
    await asyncio.sleep(0.1)
    assert (bench.kinds(), bench.failures) == ([], [lost])


async def test_a_join_that_is_given_up_ends_at_once_and_holds_the_next_one_up_no_longer(bench: Bench) -> None:
    FakeCall.delay = 5.0
    bench.calls.connect(1)
    await asyncio.sleep(1)
    bench.calls.leave()
    FakeCall.delay = 0.0
    bench.calls.connect(2)
    await asyncio.sleep(0.1)
    assert [each.joined_with for each in bench.rooms] == [None, "token-2"]
    assert (bench.rooms[0].left, bench.failures) == (1, [])


async def test_an_agent_that_is_announced_after_it_has_subscribed_is_not_waited_for(bench: Bench) -> None:
    bench.calls.connect(1)
    await asyncio.sleep(0.1)
    bench.rooms[0].on_event(room.HeardByAgent())
    bench.rooms[0].on_event(room.AgentArrived("agent"))
    assert bench.kinds() == [On.JOINED, On.AUDIBLE]


async def test_an_agent_that_left_no_longer_has_the_turn(bench: Bench) -> None:
    bench.calls.connect(1)
    await asyncio.sleep(0.1)
    for event in (room.AgentArrived("agent"), room.AgentState("speaking"), room.AgentLeft(), room.AgentArrived("next")):
        bench.rooms[0].on_event(event)
    assert not bench.calls.agent_says
    bench.rooms[0].on_event(room.AgentState("initializing"))
    assert [event.talk for event in bench.events if event.on is On.AGENT_TALK] == [Talk.SPEAKING]


async def test_the_last_connection_that_is_gone_is_told_however_it_ended(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[bool] = []
    bench.calls.on_idle = lambda: told.append(bench.calls.idle)
    bench.calls.connect(1)
    await asyncio.sleep(0.1)
    bench.calls.leave()
    await bench.calls.emptied()
    bench.calls.connect(2)
    await asyncio.sleep(0.1)

    async def fails() -> None:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(bench.rooms[1], "leave", fails)
    bench.calls.leave()
    await bench.calls.emptied()
    assert told == [True, True]


async def test_the_next_connection_waits_until_the_last_is_gone(bench: Bench) -> None:
    bench.calls.connect(1)
    await asyncio.sleep(1)
    FakeCall.delay = 3.0
    bench.calls.leave()
    bench.calls.connect(2)
    await asyncio.sleep(2.9)
    assert bench.rooms[0].left == 1
    assert bench.rooms[1].joined_with is None
    await asyncio.sleep(0.2)
    FakeCall.delay = 0.0
    assert bench.rooms[1].joined_with == "token-2"


async def test_only_the_current_connection_is_heard(bench: Bench) -> None:
    bench.calls.connect(1)
    await asyncio.sleep(1)
    bench.rooms[0].on_audio(silence())
    bench.calls.leave()
    bench.rooms[0].on_audio(silence())
    assert len(bench.sound.heard) == 1
    assert bench.sound.flushed == 1


async def test_first_words_go_in_the_track(bench: Bench) -> None:
    bench.calls.connect(1)
    await asyncio.sleep(1)
    bench.sound.recorded = b"words"
    bench.calls.feed()
    assert bench.sound.connected
    assert bench.rooms[0].recorded == b""
    bench.calls.hold()
    assert not bench.sound.connected


async def test_first_words_go_by_byte_stream_where_that_is_wanted() -> None:
    bench = Bench(stream=True)
    bench.calls.connect(1)
    await asyncio.sleep(1)
    bench.sound.recorded = b"words"
    bench.calls.feed()
    await asyncio.sleep(1)
    assert bench.rooms[0].recorded == b"words"
    assert bench.sound.connected
    await bench.nursery.close()


async def test_an_agent_takes_words_by_stream_once_and_those_of_a_break_in_the_track() -> None:
    bench = Bench(stream=True)
    bench.calls.connect(1)
    await asyncio.sleep(1)
    bench.calls.feed()
    bench.calls.hold()
    bench.sound.recorded = b"words of the break"
    bench.calls.feed()
    await asyncio.sleep(1)
    assert (bench.rooms[0].recorded, bench.sound.recorded, bench.sound.connected) == (b"", b"words of the break", True)
    bench.rooms[0].on_event(room.AgentLeft())
    bench.calls.feed()
    await asyncio.sleep(1)
    assert bench.rooms[0].recorded == b"words of the break"
    await bench.nursery.close()


@pytest.mark.parametrize("end", [Calls.hold, Calls.leave])
async def test_a_call_that_ends_as_it_is_fed_takes_no_more_words(end: Callable[[Calls], None]) -> None:
    bench = Bench(stream=True)
    bench.calls.connect(1)
    await asyncio.sleep(1)
    bench.sound.recorded = b"words"
    bench.calls.feed()
    end(bench.calls)
    await asyncio.sleep(1)
    assert not bench.sound.connected
    await bench.nursery.close()


@pytest.mark.parametrize("goes_on", [True, False])
async def test_first_words_that_could_not_be_sent_are_told_while_the_call_goes_on(goes_on: bool) -> None:
    bench = Bench(stream=True)
    bench.calls.connect(1)
    await asyncio.sleep(1)
    bench.rooms[0].unsent = RoomError("not sent", code="recorded-not-sent", retry=Retry.SOON)
    bench.sound.recorded = b"words"
    bench.calls.feed()
    if not goes_on:
        bench.calls.leave()
    await asyncio.sleep(1)
    assert bench.mishaps == ([(1, bench.rooms[0].unsent)] if goes_on else [])
    await bench.nursery.close()


async def test_the_age_of_the_token_follows_the_servers_refreshes(bench: Bench) -> None:
    assert bench.calls.token_age is None
    bench.calls.connect(1)
    await asyncio.sleep(100)
    assert bench.calls.token_age == pytest.approx(100)
    bench.rooms[0].on_event(room.TokenRefreshed(600.0))
    await asyncio.sleep(5)
    assert bench.calls.token_age == pytest.approx(5)
    assert bench.happenings[-1].detail == {"lifetime": 600.0}


async def test_words_reach_the_chronicle(bench: Bench) -> None:
    bench.calls.connect(1)
    await asyncio.sleep(1)
    bench.rooms[0].on_event(room.Transcript("agent", "hello", True, "s1", False))
    bench.rooms[0].on_event(room.Message("topic", {"a": 1}))
    assert [(each.kind, each.words) for each in bench.happenings[-2:]] == [("transcript", "hello"), ("message", "{'a': 1}")]
