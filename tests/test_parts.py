"""The small parts of the top floor: backoff, nursery, timers, supervisor, watches, chronicle."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.backoff import Backoff
from kiosk.calls import Missed
from kiosk.chronicle import Chronicle, Happening
from kiosk.errors import Retry, SessionError
from kiosk.health import Area, Health
from kiosk.machine.events import Event, On
from kiosk.machine.states import Kiosk, State, Talk, Timer
from kiosk.nursery import Nursery
from kiosk.reach import STANDS, TRIAL
from kiosk.supervisor import BUDGET, STEADY, keep_running
from kiosk.timers import Timers
from kiosk.watch import watch_heard, watch_reach, watch_server


@given(st.floats(0.01, 10), st.floats(10, 100), st.integers(0, 60), st.floats(0, 1))
def test_backoff_stays_between_floor_and_ceiling(base: float, cap: float, attempts: int, luck: float) -> None:
    backoff = Backoff(base=base, cap=cap, floor=0.005, uniform=lambda low, high: low + luck * (high - low))
    for attempt in range(attempts):
        assert 0.005 <= backoff.next() <= max(0.005, min(cap, base * 2.0**attempt))
    backoff.reset()
    assert backoff.next() <= max(0.005, base)


@pytest.mark.parametrize(("rest", "least"), [(0.0, 0.0), (0.5, 30.0)])
def test_backoff_spreads_a_crowd_over_the_whole_interval(rest: float, least: float) -> None:
    delays = sorted(Backoff(base=60.0, cap=60.0, rest=rest).next() for _ in range(2000))
    assert delays[0] >= least
    assert delays[100] < least + 0.1 * (60 - least)
    assert delays[1900] > 60 - 0.1 * (60 - least)


def test_backoff_rests_only_once_it_is_capped() -> None:
    backoff = Backoff(base=1.0, cap=8.0, rest=0.5, uniform=lambda low, _high: low)
    assert [backoff.next() for _ in range(5)] == [0.1, 0.1, 0.1, 4.0, 4.0]


@pytest.mark.looptime
class TestNursery:
    async def test_a_failing_task_is_logged_and_forgotten(self, caplog: pytest.LogCaptureFixture) -> None:
        async def fail() -> None:
            raise ValueError("broken")

        nursery = Nursery()
        nursery.spawn(fail(), "part")
        await asyncio.sleep(1)
        assert nursery.idle
        assert "part failed" in caplog.text

    async def test_closing_cancels_what_runs(self) -> None:
        nursery = Nursery()
        nursery.spawn(asyncio.sleep(1000), "long")
        await nursery.close()
        await asyncio.sleep(0)
        assert nursery.idle


@pytest.mark.looptime
class TestTimers:
    async def test_a_timer_posts_its_event_once(self) -> None:
        posted: list[Event] = []
        timers = Timers(posted.append)
        timers.start(Timer.TAIL, 1.0)
        timers.start(Timer.TAIL, 2.0)
        await asyncio.sleep(1.5)
        assert posted == []
        await asyncio.sleep(10)
        assert posted == [Event(On.TAIL_OVER)]

    async def test_entering_a_state_stops_what_it_does_not_know(self) -> None:
        posted: list[Event] = []
        timers = Timers(posted.append)
        timers.enter(State.LIVE)
        timers.start(Timer.SILENCE, 5.0)
        timers.start(Timer.CALL, 20.0)
        timers.enter(State.RESUMING)
        await asyncio.sleep(25)
        assert posted == [Event(On.CALL_OVER)]
        await asyncio.sleep(10)
        assert posted == [Event(On.CALL_OVER), Event(On.STAY_OVER)]
        timers.enter(State.IDLE)
        await asyncio.sleep(5000)
        assert len(posted) == 2


@pytest.mark.looptime
class TestSupervisor:
    async def test_a_failing_part_is_restarted_and_reported_until_it_runs_steadily(self) -> None:
        health, starts = Health(), 0

        async def part() -> None:
            nonlocal starts
            starts += 1
            if starts <= BUDGET:
                raise RuntimeError("broken")
            await asyncio.sleep(3600)
            raise RuntimeError("broken after an hour")

        task = asyncio.create_task(keep_running("part", part, health))
        await asyncio.sleep(STEADY)
        assert starts == BUDGET + 1
        assert Area.INTERNAL in health.standing()
        await asyncio.sleep(STEADY)
        assert Area.INTERNAL not in health.standing()
        await asyncio.sleep(3600)
        assert starts == BUDGET + 2
        assert Area.INTERNAL not in health.standing()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def test_a_part_that_runs_does_not_answer_for_another(self) -> None:
        health = Health()
        health.report(Area.INTERNAL, "internal", "another part")
        task = asyncio.create_task(keep_running("part", lambda: asyncio.sleep(3600), health))
        await asyncio.sleep(2 * STEADY)
        assert Area.INTERNAL in health.standing()
        task.cancel()


def nobody(event: Event) -> None:
    raise AssertionError(event)


class Doorstep:
    """An API that is there, or not."""

    def __init__(self) -> None:
        self.error: SessionError | None = None
        self.asked = self.answered = self.tried = 0
        self.slow = 0.0

    async def reachable(self) -> SessionError | None:
        self.asked += 1
        await asyncio.sleep(self.slow)
        return self.error

    async def answers(self) -> SessionError | None:
        self.answered += 1
        return self.error

    async def trial(self) -> SessionError | None:
        self.tried += 1
        return self.error


@pytest.mark.looptime
class TestWatches:
    async def test_idle_without_an_api_is_offline_until_it_is_back(self) -> None:
        api, health, kiosk = Doorstep(), Health(), Kiosk(State.IDLE)
        api.error = SessionError("away", code="offline", retry=Retry.SOON)
        task = asyncio.create_task(watch_reach(api, health, lambda: kiosk, lambda: 0.0, nobody))
        await asyncio.sleep(1)
        assert health.standing()[Area.SESSION].code == "offline"
        await asyncio.sleep(3600)
        assert api.asked <= 3600 / 20
        api.error = None
        await asyncio.sleep(61)
        assert health.worst is None
        task.cancel()

    async def test_the_api_is_looked_at_anew_as_soon_as_the_clock_was_set(self) -> None:
        api, health, kiosk = Doorstep(), Health(), Kiosk(State.IDLE)
        jumps: list[float] = []
        api.error = SessionError("no certificate can be judged", code="clock", retry=Retry.SOON)
        task = asyncio.create_task(watch_reach(api, health, lambda: kiosk, lambda: jumps.pop() if jumps else 0.0, nobody))
        await asyncio.sleep(3600)
        assert health.standing()[Area.SESSION].code == "clock"
        api.error = None
        jumps.append(86_400.0)
        await asyncio.sleep(1.5)
        assert health.worst is None
        task.cancel()

    @pytest.mark.parametrize(
        ("state", "code", "posted"),
        [
            (State.RETRYING, "clock", [Event(On.RETRY_DUE)]),
            (State.RETRYING, "busy", []),
            (State.IDLE, "clock", []),
            (State.LIVE, "clock", []),
        ],
    )
    async def test_a_visitor_who_waits_for_the_clock_waits_no_longer(self, state: State, code: str, posted: list[Event]) -> None:
        health, jumps, told = Health(), [0.0, 86_400.0, 0.0], list[Event]()
        health.report(Area.SESSION, code)
        task = asyncio.create_task(
            watch_reach(Doorstep(), health, lambda: Kiosk(state), lambda: jumps.pop() if jumps else 0.0, told.append)
        )
        await asyncio.sleep(10)
        assert told == posted
        task.cancel()

    @pytest.mark.parametrize("code", ["bad-key", "no-balance", "bad-answer", "internal"])
    async def test_a_refusal_is_cleared_by_a_session_alone_asked_for_at_most_once_in_5_min(self, code: str) -> None:
        api, health, kiosk = Doorstep(), Health(), Kiosk(State.IDLE)
        health.report(Area.SESSION, code)
        api.error = SessionError("no", code=code, retry=Retry.REFUSED)
        task = asyncio.create_task(watch_reach(api, health, lambda: kiosk, lambda: 0.0, nobody))
        # The first look is due before there is a fault to be looked at.
        await asyncio.sleep(1)
        api.asked = api.tried = 0
        await asyncio.sleep(3600)
        assert health.standing()[Area.SESSION].code == code
        assert 5 <= api.tried <= 12
        api.error = None
        await asyncio.sleep(601)
        assert health.worst is None
        assert api.answered == 0
        task.cancel()

    async def test_an_api_that_fails_is_well_when_it_answers_and_not_when_it_is_there(self) -> None:
        api, health, kiosk = Doorstep(), Health(), Kiosk(State.IDLE)
        task = asyncio.create_task(watch_reach(api, health, lambda: kiosk, lambda: 0.0, nobody))
        await asyncio.sleep(1.5)
        assert api.asked == 1
        api.error = SessionError("down", code="api-down", retry=Retry.SOON)
        health.report(Area.SESSION, "api-down")
        await asyncio.sleep(600)
        assert (api.asked, health.standing()[Area.SESSION].code) == (1, "api-down")
        assert 10 <= api.answered <= 20
        api.error = None
        await asyncio.sleep(62)
        assert health.worst is None
        task.cancel()

    async def test_a_told_wait_is_kept_by_the_looks_too(self) -> None:
        api, health, kiosk = Doorstep(), Health(), Kiosk(State.IDLE)
        health.report(Area.SESSION, "api-down")
        api.error = SessionError("down", code="api-down", retry=Retry.WAIT, after=900.0)
        task = asyncio.create_task(watch_reach(api, health, lambda: kiosk, lambda: 0.0, nobody))
        await asyncio.sleep(900)
        assert api.answered == 1
        await asyncio.sleep(70)
        assert api.answered == 2
        task.cancel()

    @pytest.mark.parametrize("error", [None, SessionError("away", code="offline", retry=Retry.SOON)])
    async def test_a_look_says_nothing_of_what_was_met_while_it_went_on(self, error: SessionError | None) -> None:
        api, health, kiosk = Doorstep(), Health(), Kiosk(State.IDLE)
        api.error, api.slow = error, 2.0
        task = asyncio.create_task(watch_reach(api, health, lambda: kiosk, lambda: 0.0, nobody))
        await asyncio.sleep(1)
        health.report(Area.SESSION, "bad-key")
        await asyncio.sleep(60)
        assert api.asked == 1
        assert health.standing()[Area.SESSION].code == "bad-key"
        task.cancel()

    async def test_nothing_is_asked_in_a_call(self) -> None:
        api, health, kiosk = Doorstep(), Health(), Kiosk(State.LIVE)
        task = asyncio.create_task(watch_reach(api, health, lambda: kiosk, lambda: 0.0, nobody))
        await asyncio.sleep(600)
        assert api.asked == 0
        task.cancel()

    @pytest.mark.parametrize("says", [True, False])
    async def test_a_heard_agent_is_a_sign_of_life_and_has_the_turn_unless_it_says_so_itself(self, says: bool) -> None:
        posted: list[Event] = []
        task = asyncio.create_task(watch_heard(posted.append, lambda: Kiosk(State.LIVE, 7), lambda: True, lambda: says))
        await asyncio.sleep(0.15)
        assert posted == [Event(On.HEARD), *([] if says else [Event(On.AGENT_TALK, 7, Talk.SPEAKING)])]
        task.cancel()

    async def test_nobody_is_heard_outside_a_call(self) -> None:
        posted: list[Event] = []
        task = asyncio.create_task(watch_heard(posted.append, lambda: Kiosk(State.IDLE), lambda: True, lambda: False))
        await asyncio.sleep(1)
        assert posted == []
        task.cancel()


class Server:
    """A media server that is there, or not, and a kiosk whose last attempt failed at it."""

    def __init__(self, code: str, there: bool = False) -> None:
        self.there, self.kiosk, self.health = there, Kiosk(State.IDLE), Health()
        self.looks: list[float] = []
        self.slow = 0.1
        self.fail(code)

    def fail(self, code: str) -> None:
        self.missed = Missed("wss://media", asyncio.get_running_loop().time())
        self.health.report(Area.ROOM, code)

    async def reachable(self, url: str) -> bool:
        assert url == "wss://media"
        self.looks.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self.slow)
        return self.there

    @property
    def fault(self) -> str | None:
        standing = self.health.standing().get(Area.ROOM)
        return standing and standing.code

    @asynccontextmanager
    async def watched(self) -> AsyncGenerator[None]:
        task = asyncio.create_task(watch_server(self.reachable, self.health, lambda: self.kiosk, lambda: self.missed))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])


PAST = [("join-timeout", STANDS), ("join-refused", TRIAL), ("server-busy", STANDS), ("server-down", STANDS)]
"""What a server does not disprove by being there, and for how long it counts."""


@pytest.mark.looptime
class TestServer:
    async def test_a_server_that_was_away_is_well_when_it_is_back(self) -> None:
        server = Server("server-unreachable")
        async with server.watched():
            await asyncio.sleep(3600)
            assert server.fault == "server-unreachable"
            assert 3600 / 65 < len(server.looks) < 3600 / 20
            server.there = True
            await asyncio.sleep(62)
            assert server.fault is None
            looks = len(server.looks)
            await asyncio.sleep(600)
            assert len(server.looks) == looks

    @pytest.mark.parametrize(("code", "counts"), PAST)
    async def test_what_being_there_does_not_disprove_is_past_after_a_time_of_it(self, code: str, counts: float) -> None:
        server = Server(code, there=True)
        async with server.watched():
            await asyncio.sleep(counts - 1)
            assert server.fault == code
            await asyncio.sleep(6)
            assert server.fault is None

    @pytest.mark.parametrize(("code", "counts"), PAST)
    async def test_that_time_begins_anew_with_each_attempt_and_each_absence(self, code: str, counts: float) -> None:
        server = Server(code, there=True)
        async with server.watched():
            await asyncio.sleep(counts - 10)
            server.fail(code)
            await asyncio.sleep(counts - 10)
            assert server.fault == code
            server.there = False
            await asyncio.sleep(600)
            server.there = True
            await asyncio.sleep(counts - 1)
            assert server.fault == code
            await asyncio.sleep(65)
            assert server.fault is None

    async def test_an_attempt_meanwhile_knows_better(self) -> None:
        server = Server("server-unreachable", there=True)
        server.slow = 4.0
        async with server.watched():
            await asyncio.sleep(4)
            server.fail("server-unreachable")
            await asyncio.sleep(3)
            assert server.fault == "server-unreachable"
            await asyncio.sleep(10)
            assert server.fault is None

    @pytest.mark.parametrize(
        ("state", "code"), [(State.CONNECTING, "server-unreachable"), (State.LIVE, "join-refused"), (State.IDLE, "displaced")]
    )
    async def test_only_an_idle_light_that_says_that_no_call_is_possible_is_looked_after(self, state: State, code: str) -> None:
        server = Server(code, there=True)
        server.kiosk = Kiosk(state)
        async with server.watched():
            await asyncio.sleep(600)
        assert (server.looks, server.fault) == ([], code)


@pytest.mark.parametrize("allowed", [True, False])
def test_words_are_told_only_where_the_configuration_allows_it(allowed: bool, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    told: list[Happening] = []
    chronicle = Chronicle(words=allowed)
    chronicle.listen(told.append)
    chronicle.tell("transcript", words="a secret wish", who="visitor")
    assert told[0].detail == {"who": "visitor"}
    assert (told[0].words == "a secret wish") is allowed
    assert ("a secret wish" in caplog.text) is allowed
