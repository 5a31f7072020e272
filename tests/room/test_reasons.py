from __future__ import annotations

import errno
import socket
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.errors import Retry
from kiosk.room.events import Displaced, Ended, Lost
from kiosk.room.reasons import disconnected, join_failed, refused, unreachable

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("status", "code", "retry"),
    [
        (401, "token-rejected", Retry.SOON),
        (403, "token-rejected", Retry.SOON),
        (404, "join-refused", Retry.REFUSED),
        (429, "server-busy", Retry.SOON),
        (503, "server-down", Retry.SOON),
        (200, "server-down", Retry.SOON),
        (302, "server-down", Retry.SOON),
        (101, "server-down", Retry.SOON),
    ],
)
def test_refusals(status: int, code: str, retry: Retry) -> None:
    error = refused(status)
    assert (error.code, error.retry) == (code, retry)
    assert str(status) in str(error)


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), ": connection refused"),
        (socket.gaierror(-2, "x"), ": its name is not known"),
        (ssl.SSLCertVerificationError(1, "x"), ": its certificate is not trusted"),
        (ssl.SSLError(1, "x"), ": it does not speak TLS"),
        (OSError(errno.ENETUNREACH, "x"), ": no route to it"),
        (OSError(errno.EHOSTUNREACH, "x"), ": no route to it"),
        (OSError(errno.EIO, "x"), ""),
        (TimeoutError(), ""),
    ],
)
def test_what_keeps_from_the_server(cause: BaseException, words: str) -> None:
    error = unreachable(cause)
    assert (error.code, error.retry, str(error)) == ("server-unreachable", Retry.SOON, f"the media server cannot be reached{words}")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"engine: signal failure: client error: 401 Unauthorized - invalid token: {TOKEN}, error: expired", "server-unreachable"),
        ("engine: signal failure: transport timed out", "join-timeout"),
        ("anything new", "server-unreachable"),
    ],
)
def test_connect_errors_of_1_2_1(text: str, code: str) -> None:
    error = join_failed(text)
    assert (error.code, error.retry) == (code, Retry.SOON)
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
