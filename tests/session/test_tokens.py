"""Sessions for visitors, in virtual time: budget, told waits, refusals, short-lived tokens, and one held ahead."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from kiosk.backoff import Backoff
from kiosk.config.model import SessionConfig
from kiosk.errors import Retry, SessionError
from kiosk.session.grant import Grant
from kiosk.session.tokens import Tokens
from tests.session.helpers import settings

pytestmark = [pytest.mark.looptime]


class FakeApi:
    """Grants numbered sessions that live `life` seconds, or raises `error`, after `delay` seconds."""

    def __init__(self) -> None:
        self.life: Callable[[int], float] = lambda _: 300.0
        self.error: Exception | None = None
        self.delay = 0.1
        self.asked: list[float] = []
        self.ended: list[str | None] = []
        self.closed = False

    async def ask(self) -> Grant:
        number = len(self.asked)
        self.asked.append(now())
        await asyncio.sleep(self.delay)
        if self.error is not None:
            raise self.error
        return Grant("wss://m", "t", str(number), None, now() + self.life(number))

    async def end(self, grant: Grant) -> None:
        self.ended.append(grant.session_id)

    async def reachable(self) -> SessionError | None:
        return None

    async def answers(self) -> SessionError | None:
        return None

    async def close(self) -> None:
        self.closed = True


def now() -> float:
    return asyncio.get_running_loop().time()


@asynccontextmanager
async def tokens(api: FakeApi, *, prefetch: bool = False, per_minute: int = 5) -> AsyncGenerator[Tokens]:
    config = settings("https://api.example.com", prefetch=prefetch, requests_per_minute=per_minute)
    made = Tokens(config, None, api=api, backoff=Backoff(base=5.0, cap=300.0, uniform=lambda _, ceiling: ceiling))
    running = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await made.close()
        assert api.closed


async def refused(made: Tokens) -> SessionError:
    with pytest.raises(SessionError) as caught:
        await made.take()
    return caught.value


async def test_each_is_given_once() -> None:
    api = FakeApi()
    async with tokens(api) as made:
        assert [(await made.take()).session_id for _ in range(5)] == ["0", "1", "2", "3", "4"]
        await made.end(await asyncio.wait_for(_later(made), 70))
    assert api.ended == ["5"]


async def _later(made: Tokens) -> Grant:
    await asyncio.sleep(60)
    return await made.take()


async def test_a_spent_budget_asks_nothing_and_says_when() -> None:
    api = FakeApi()
    async with tokens(api, per_minute=2) as made:
        await made.take()
        await asyncio.sleep(10)
        await made.take()
        error = await refused(made)
        assert (error.code, error.retry) == ("budget", Retry.WAIT)
        assert error.after == pytest.approx(49.9)
        assert len(api.asked) == 2
        await asyncio.sleep(error.after or 0)
        await made.take()
        assert len(api.asked) == 3


async def test_what_never_left_the_device_is_not_counted() -> None:
    api = FakeApi()
    api.error = SessionError("no network", code="offline", retry=Retry.SOON)
    api.error.sent = False
    async with tokens(api, per_minute=2) as made:
        for _ in range(10):
            assert (await refused(made)).code == "offline"
        api.error = None
        await made.take()
        await made.take()
        assert (await refused(made)).code == "budget"


async def test_a_budget_spent_in_vain_is_told_by_what_it_was_spent_on() -> None:
    api = FakeApi()
    api.error = SessionError("down", code="api-down", retry=Retry.SOON)
    async with tokens(api, per_minute=2) as made:
        await refused(made)
        await refused(made)
        error = await refused(made)
        assert (error.code, error.retry) == ("api-down", Retry.WAIT)
        assert "down; not asked again for" in str(error)
        assert len(api.asked) == 2
        api.error = None
        await asyncio.sleep(error.after or 0)
        await made.take()
        await made.take()
        assert (await refused(made)).code == "budget"


@pytest.mark.parametrize("prefetch", [False, True])
async def test_a_trial_asks_only_where_a_visitor_could_and_leaves_nothing_behind(prefetch: bool) -> None:
    api = FakeApi()
    told: list[str | None] = []
    async with tokens(api, prefetch=prefetch) as made:
        made.on_outcome = lambda error: told.append(error.code if error else None)
        api.error = SessionError("no", code="bad-key", retry=Retry.REFUSED)
        await asyncio.sleep(1)
        for _ in range(3):
            error = await made.trial()
            assert error is not None
            assert error.code == "bad-key"
        assert len(api.asked) == 1
        api.error = None
        await asyncio.sleep(301)
        assert await made.trial() is None
        assert told == ["bad-key", None]
        assert len(api.asked) == 2
        await asyncio.sleep(0)
        assert api.ended == ([] if prefetch else ["1"])


@pytest.mark.parametrize(
    ("error", "pause"),
    [
        (SessionError("no", code="bad-key", retry=Retry.REFUSED, hint="mend it"), 300.0),
        (SessionError("wait", code="busy", retry=Retry.WAIT, after=17.0), 17.0),
    ],
)
@pytest.mark.parametrize("prefetch", [False, True])
async def test_told_waits_and_refusals_are_kept(error: SessionError, pause: float, prefetch: bool) -> None:
    api = FakeApi()
    api.error = error
    async with tokens(api, prefetch=prefetch) as made:
        await asyncio.sleep(0.2)
        if not prefetch:
            assert await refused(made) is error
        began = now()
        while (ahead := await refused(made)).after is not None and ahead.after > 1:
            assert (ahead.code, ahead.retry, ahead.hint) == (error.code, error.retry, error.hint)
            assert "not asked again for" in str(ahead)
            assert (str(made.refusal) if made.refusal else None) == (str(ahead) if error.retry is Retry.REFUSED else None)
            await asyncio.sleep(min(ahead.after - 0.5, 7))
        assert len(api.asked) == 1
        api.error = None
        await asyncio.sleep(1)
        assert made.refusal is None
        await made.take()
        assert now() - began == pytest.approx(pause, abs=2)
        assert api.asked[1] - api.asked[0] >= pause


async def test_soon_means_that_the_asker_decides() -> None:
    api = FakeApi()
    api.error = SessionError("down", code="api-down", retry=Retry.SOON)
    async with tokens(api) as made:
        assert (await refused(made)).code == "api-down"
        api.error = None
        assert (await made.take()).session_id == "1"
        assert await made.reachable() is None


async def test_what_was_not_foreseen_is_an_error_of_that_request_alone_and_its_traceback_written_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    api = FakeApi()
    api.error = RuntimeError("can't start new thread")
    async with tokens(api) as made:
        for _ in range(2):
            error = await refused(made)
            assert (error.code, error.retry) == ("internal", Retry.SOON)
        api.error = None
        assert (await made.take()).session_id == "2"
    assert [record.exc_info is not None for record in caplog.records] == [True]


async def test_a_listener_that_fails_does_not_keep_the_next_request_from_being_made() -> None:
    def broken(_: SessionError | None) -> None:
        raise RuntimeError("broken")

    api = FakeApi()
    async with tokens(api) as made:
        made.on_outcome = broken
        with pytest.raises(RuntimeError):
            await made.take()
        made.on_outcome = lambda _: None
        assert (await made.take()).session_id == "1"


@pytest.mark.parametrize(
    ("lives", "given", "ended"), [((2, 300), "1", ["0"]), ((2, 3), "1", ["0"]), ((20, 300), "0", []), ((-5, -5), "1", ["0"])]
)
async def test_a_short_one_is_replaced_once(lives: tuple[float, float], given: str, ended: list[str]) -> None:
    api = FakeApi()
    api.life = lambda number: lives[number]
    async with tokens(api) as made:
        assert (await made.take()).session_id == given
    assert api.ended == ended


async def test_a_short_one_is_better_than_none() -> None:
    api = FakeApi()
    api.life = lambda _: 5.0
    async with tokens(api, per_minute=1) as made:
        assert (await made.take()).session_id == "0"


async def test_a_request_whose_asker_went_away_is_ended_or_used() -> None:
    api = FakeApi()
    async with tokens(api) as made:
        for wait_for_it in (False, True):
            asker = asyncio.create_task(made.take())
            await asyncio.sleep(0.05)
            asker.cancel()
            await asyncio.sleep(0.01)
            if wait_for_it:
                await asyncio.sleep(1)
            else:
                assert (await made.take()).session_id == "0"
    assert api.ended == ["1"]
    assert len(api.asked) == 2


async def test_one_is_held_ahead_renewed_and_ended() -> None:
    api = FakeApi()
    async with tokens(api, prefetch=True) as made:
        await asyncio.sleep(1)
        assert len(api.asked) == 1
        began = now()
        assert (await made.take()).session_id == "0"
        assert now() == began
        await asyncio.sleep(500)
        # Renewed with 60 s of 300 s left: 1 at once, 2 after 240 s, 3 after 480 s.
        assert [round(moment - began) for moment in api.asked[1:]] == [0, 240, 480]
        assert api.ended == ["1", "2"]
    assert api.ended == ["1", "2", "3"]


async def test_a_visitor_waits_for_the_one_under_way() -> None:
    api = FakeApi()
    async with tokens(api, prefetch=True) as made:
        await asyncio.sleep(0.05)
        assert (await made.take()).session_id == "0"
        await asyncio.sleep(0)
        assert len(api.asked) <= 2


async def test_holding_ahead_leaves_one_for_the_visitor() -> None:
    api = FakeApi()
    async with tokens(api, prefetch=True, per_minute=2) as made:
        await asyncio.sleep(1)
        await made.take()
        await asyncio.sleep(30)
        assert len(api.asked) == 1
        assert (await made.take()).session_id == "1"
        await asyncio.sleep(200)
        assert len(api.asked) == 3


async def test_failures_ahead_are_quiet_and_spread(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "kiosk.session")
    api = FakeApi()
    api.error = SessionError("down", code="api-down", retry=Retry.SOON)
    async with tokens(api, prefetch=True):
        await asyncio.sleep(600)
        assert len(api.asked) <= 20
        api.error = None
        await asyncio.sleep(301)
    levels = [record.levelno for record in caplog.records]
    assert levels.count(logging.WARNING) == levels.count(logging.INFO) == 1
    assert "held ahead again after" in caplog.text


async def test_tokens_too_short_to_hold_are_not_held() -> None:
    api = FakeApi()
    api.life = lambda _: 10.0
    async with tokens(api, prefetch=True):
        await asyncio.sleep(600)
        assert len(api.asked) <= 20
        assert len(api.ended) == len(api.asked)


async def test_close_ends_a_request_under_way() -> None:
    api = FakeApi()
    api.delay = 100.0
    async with tokens(api) as made:
        asker = asyncio.create_task(made.take())
        await asyncio.sleep(1)
    assert asker.done() or asker.cancelling() == 0
    with suppress(asyncio.CancelledError):
        await asker
    assert asker.cancelled()


def changed(config: SessionConfig, **values: object) -> SessionConfig:
    return config.model_copy(update=values)


class TestReconfigure:
    """Other settings at run time; `api` stands for the API of any."""

    async def test_what_is_held_by_the_old_settings_is_ended_and_a_new_one_held(self) -> None:
        api = FakeApi()
        async with tokens(api, prefetch=True) as made:
            await asyncio.sleep(1)
            await made.reconfigure(changed(held_ahead(), agent_id="b"))
            await asyncio.sleep(1)
            assert (len(api.asked), api.ended) == (2, ["0"])
            assert (await made.take()).session_id == "1"

    async def test_holding_ahead_begins_and_ends(self) -> None:
        api = FakeApi()
        async with tokens(api) as made:
            await asyncio.sleep(100)
            assert api.asked == []
            await made.reconfigure(held_ahead())
            await asyncio.sleep(1)
            assert len(api.asked) == 1
            await made.reconfigure(changed(held_ahead(), prefetch=False))
            await asyncio.sleep(1000)
            assert (len(api.asked), api.ended) == (1, ["0"])

    async def test_what_is_being_asked_is_waited_for_and_not_handed_out(self) -> None:
        api = FakeApi()
        api.delay = 3.0
        async with tokens(api) as made:
            asking = asyncio.create_task(made.take())
            await asyncio.sleep(1)
            asking.cancel()
            await made.reconfigure(changed(held_ahead(), prefetch=False, agent_id="b"))
            assert (await made.take()).session_id == "1"
            assert api.ended == ["0"]

    async def test_a_told_wait_and_the_budget_stay_and_a_refusal_of_other_parameters_does_not(self) -> None:
        api = FakeApi()
        async with tokens(api, per_minute=3) as made:
            api.error = SessionError("no such agent", code="unknown-agent", retry=Retry.REFUSED)
            await refused(made)
            asked = changed(settings("https://api.example.com"), requests_per_minute=3, agent_id="b")
            await made.reconfigure(changed(asked, agent_id="a1", idle_timeout=30.0))
            assert (await refused(made)).code == "unknown-agent"
            assert len(api.asked) == 1
            await made.reconfigure(changed(asked, agent_id="c"))
            api.error = SessionError("slow down", code="busy", retry=Retry.WAIT, after=20.0)
            assert (await refused(made)).code == "busy"
            await made.reconfigure(changed(asked, agent_id="d"))
            assert (await refused(made)).after == pytest.approx(20.0, abs=1)
            assert len(api.asked) == 2
            api.error = None
            await asyncio.sleep(21)
            await made.reconfigure(changed(asked, requests_per_minute=2))
            assert (await refused(made)).code == "budget"

    async def test_the_old_api_is_closed_after_what_it_has_to_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        apis: list[FakeApi] = []

        def client(*_: object, **__: object) -> FakeApi:
            apis.append(FakeApi())
            return apis[-1]

        monkeypatch.setattr("kiosk.session.tokens.Client", client)
        made = Tokens(held_ahead(), None)
        running = asyncio.create_task(made.run())
        await asyncio.sleep(1)
        await made.reconfigure(changed(held_ahead(), url="https://other.example.com", prefetch=False))
        await asyncio.sleep(1)
        assert (apis[0].ended, apis[0].closed, apis[1].closed) == (["0"], True, False)
        running.cancel()
        await made.close()
        assert apis[1].closed


def held_ahead() -> SessionConfig:
    return settings("https://api.example.com", prefetch=True, requests_per_minute=5)
