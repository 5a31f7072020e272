from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.errors import Retry
from kiosk.room.events import Displaced, Ended, Lost
from kiosk.room.reasons import disconnected, join_failed

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "code", "retry"),
    [
        (f"engine: signal failure: client error: 401 Unauthorized - invalid token: {TOKEN}, error: expired", "token-rejected", Retry.SOON),
        ("engine: signal failure: client error: 403 Forbidden - no", "token-rejected", Retry.SOON),
        ("engine: signal failure: client error: 404 Not Found - 404 page not found\n", "join-refused", Retry.REFUSED),
        ("engine: signal failure: client error: 429 Too Many Requests - no", "server-busy", Retry.SOON),
        (
            "engine: signal failure: transport connection error: IO error: Connection refused (os error 111)",
            "server-unreachable",
            Retry.SOON,
        ),
        (
            "engine: signal failure: transport connection error: IO error: failed to lookup address information: x",
            "server-unreachable",
            Retry.SOON,
        ),
        ("engine: signal failure: transport timed out", "join-timeout", Retry.SOON),
        ("anything new", "server-unreachable", Retry.SOON),
    ],
)
def test_connect_errors_of_1_2_1(text: str, code: str, retry: Retry) -> None:
    error = join_failed(text)
    assert (error.code, error.retry) == (code, retry)
    assert TOKEN not in str(error)


@given(st.text())
def test_no_connect_error_text_passes(text: str) -> None:
    marked = "\x00" + text + "\x00"
    assert marked not in str(join_failed(marked))


@pytest.mark.parametrize(("reason", "what"), [(4, "removed"), (5, "deleted"), (10, "closed")])
def test_the_session_ended(reason: int, what: str) -> None:
    assert disconnected(reason) == Ended(what)


def test_our_own_leaving_and_a_twin() -> None:
    assert disconnected(1) is None
    assert disconnected(2) == Displaced()


@pytest.mark.parametrize("reason", [0, 3, 6, 7, 8, 9, 11, 14, 15, 16, 99])
def test_everything_else_is_lost(reason: int) -> None:
    event = disconnected(reason)
    assert isinstance(event, Lost)
    assert (event.error.code, event.error.retry) == ("room-lost", Retry.SOON)
