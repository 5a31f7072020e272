"""The pace of a device's attempts: each kind of failure has its own, and no wait that was told is cut short."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.attempts import CAP, TWINS, Attempts
from kiosk.errors import Retry, RoomError, SessionError


def api(retry: Retry, after: float | None = None, *, sent: bool = True) -> SessionError:
    error = SessionError("no", code="api-down", retry=retry, after=after)
    error.sent = sent
    return error


LOST = RoomError("gone", code="room-lost", retry=Retry.SOON)


@pytest.mark.parametrize(
    ("error", "joined", "final"),
    [
        (api(Retry.SOON), False, False),
        (api(Retry.REFUSED), False, True),
        (api(Retry.REFUSED), True, True),
        (api(Retry.WAIT, 10.0), False, False),
        (api(Retry.WAIT, 11.0), False, True),
        (api(Retry.WAIT, 11.0), True, False),
        (LOST, True, False),
        (RoomError("over", code="room-lost", retry=Retry.NEVER), True, True),
    ],
)
def test_who_may_try_again(error: SessionError | RoomError, joined: bool, final: bool) -> None:
    assert Attempts().failed(error, joined=joined) is final


@given(st.lists(st.sampled_from([api(Retry.SOON), api(Retry.SOON, sent=False), api(Retry.WAIT, 90.0), LOST]), max_size=20), st.randoms())
def test_no_wait_is_cut_short_nor_longer_than_the_cap(errors: list[SessionError | RoomError], luck: random.Random) -> None:
    attempts = Attempts(luck.uniform)
    for error in errors:
        attempts.failed(error, joined=True)
        told = error.after or 0.0 if isinstance(error, SessionError) else 0.0
        assert told < attempts.delay() <= told + CAP
    attempts.worked()
    assert attempts.made == 0
    assert attempts.delay() <= 1.0


def test_a_failing_api_is_asked_at_most_20_times_in_10_min() -> None:
    for seed in range(500):
        attempts, now, asked = Attempts(random.Random(seed).uniform), 0.0, 0
        while now < 600.0:
            asked += 1
            attempts.failed(api(Retry.SOON), joined=True)
            now += attempts.delay()
        assert asked <= 20


def test_what_never_reached_the_api_is_tried_again_sooner() -> None:
    pace = {sent: Attempts(lambda _, high: high) for sent in (True, False)}
    for sent, attempts in pace.items():
        attempts.failed(api(Retry.SOON, sent=sent), joined=True)
    assert [pace[False].delay() for _ in range(3)] == pytest.approx([1.0, 1.4, 1.96])
    assert [pace[True].delay() for _ in range(3)] == [8.0, 16.0, 32.0]


def test_twins_do_not_throw_each_other_out_for_ever() -> None:
    attempts = Attempts()
    assert attempts.barred(0.0) is None
    attempts.displaced()
    assert attempts.barred(10.0) is None
    assert attempts.barred(11.0) is None
    attempts.displaced()
    barred = attempts.barred(20.0)
    assert barred is not None
    assert barred.retry is Retry.REFUSED
    assert attempts.barred(9.0 + TWINS) is not None
    assert attempts.barred(10.0 + TWINS) is None
