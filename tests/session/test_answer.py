"""Answers are checked before use: only a session that can be joined becomes a grant."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kiosk.config.model import SessionConfig
from kiosk.errors import SessionError
from kiosk.session.answer import Answer, read_answer, seconds_left
from kiosk.session.forms import shape_of
from kiosk.session.wire import http_date
from tests.session.helpers import answer, jwt

SHAPE = shape_of(SessionConfig())


def read(body: object) -> Answer:
    return read_answer(json.dumps(body).encode(), SHAPE)


def refused(body: object) -> str:
    with pytest.raises(SessionError) as caught:
        read(body)
    assert caught.value.code == "bad-answer"
    return str(caught.value)


@pytest.mark.parametrize(
    ("given_url", "used"),
    [
        ("wss://m.example", "wss://m.example"),
        ("https://m.example:444/x", "wss://m.example:444/x"),
        ("ws://127.0.0.1:7880", "ws://127.0.0.1:7880"),
        ("http://localhost:7880", "ws://localhost:7880"),
        ("ws://[::1]:7880", "ws://[::1]:7880"),
    ],
)
def test_addresses(given_url: str, used: str) -> None:
    assert read(answer(livekit_url=given_url)).url == used


@pytest.mark.parametrize("part", ["session_id", "room_name", "livekit_url"])
def test_a_token_that_is_repeated_in_what_is_written_down(part: str) -> None:
    token = jwt()
    said = {"token": token, part: f"wss://m.example/{token}" if part == "livekit_url" else f"s-{token}"}
    assert token not in refused(answer(**said))


@pytest.mark.parametrize(
    "url",
    [
        "ws://m.example",
        "http://192.168.0.1",
        "ws://localhost.m.example",
        "ftp://m.example",
        "wss://",
        "wss://a b",
        "wss://u:p@m.example",
        "m.example",
        "",
        5,
        None,
    ],
)
def test_addresses_that_are_refused(url: object) -> None:
    assert "livekit_url" in refused(answer(livekit_url=url))


GOOD = {"exp": 2e9, "video": {"roomJoin": True}}


@pytest.mark.parametrize(
    ("token", "said"),
    [
        (None, "has no `token`"),
        ("", "has no `token`"),
        (5, "has no `token`"),
        ("abc", "no JWT"),
        ("a.b", "no JWT"),
        ("a.b.c.d", "no JWT"),
        ("a.b.", "no JWT"),
        ("a.b+.c", "no JWT"),
        ("a.aaaaa.c", "no readable claims"),
        (jwt([1]), "no readable claims"),
        (jwt("x"), "no readable claims"),
        ("a." + base64.urlsafe_b64encode(b"[" * 30_000).decode().rstrip("=") + ".c", "no readable claims"),
        (jwt({}), "no expiry"),
        (jwt({"exp": "2e9"}), "no expiry"),
        (jwt({"exp": True}), "no expiry"),
        (jwt({"exp": -1}), "no expiry"),
        (jwt({"exp": 10**300}), "no expiry"),
        (jwt({"exp": 2e9, "video": {}}), "does not allow joining"),
        (jwt({"exp": 2e9, "video": {"roomJoin": "yes"}}), "does not allow joining"),
        (jwt({"exp": 2e9, "video": None}), "does not allow joining"),
    ],
)
def test_tokens_that_are_refused(token: object, said: str) -> None:
    assert said in refused(answer(token=token))


def test_tokens_that_are_taken() -> None:
    assert read(answer(token=jwt(GOOD))).expires == 2e9
    assert read(answer(token=jwt({"exp": 2_000_000_000}))).expires == 2e9


@pytest.mark.parametrize("session_id", ["..", "a/b", "", "a b", "x" * 257, True, {}, 1.5, "é"])
def test_ids_that_are_refused(session_id: object) -> None:
    assert "session id" in refused(answer(session_id=session_id))


@pytest.mark.parametrize("room", [5, "a\nb", "x" * 257])
def test_rooms_that_are_refused(room: object) -> None:
    assert "room name" in refused(answer(room_name=room))


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b"{", b"\xff", b"[" * 65_536, b'{"a":' * 9_000, b'{"token": NaN}', b"9" * 60_000])
def test_bodies_that_are_no_object(body: bytes) -> None:
    with pytest.raises(SessionError, match="no JSON object"):
        read_answer(body, SHAPE)


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30), st.just("wss://m.example"), st.just(jwt(GOOD))),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)


@given(
    st.fixed_dictionaries(
        {}, optional={"token": VALUES | VALUES.map(jwt), "livekit_url": VALUES, "session_id": VALUES, "room_name": VALUES}
    )
)
@example({"token": jwt(GOOD), "livekit_url": "wss://m.example", "session_id": "\ud800"})
@example({"token": jwt(GOOD), "livekit_url": "wss://\ud800"})
def test_whatever_is_answered_it_is_checked(body: dict[str, Any]) -> None:
    try:
        found = read(body)
    except SessionError as error:
        code = error.code
    else:
        code = found.url.split(":")[0]
    assert code in ("bad-answer", "ws", "wss")


@given(st.binary(max_size=100))
def test_whatever_the_bytes_they_are_refused(body: bytes) -> None:
    with pytest.raises(SessionError, match="session API answered"):
        read_answer(body, SHAPE)


def test_the_servers_clock_counts() -> None:
    served = "Sun, 22 Nov 2026 12:00:00 GMT"
    moment = http_date(served)
    assert moment is not None
    assert moment == 1_795_348_800.0
    assert seconds_left(moment + 300, served, wall=0.0) == 300.0
    assert seconds_left(moment + 300, None, wall=moment) == 300.0
    assert seconds_left(moment + 300, "yesterday", wall=moment) == 300.0


@given(st.text(max_size=60))
@example("Sun, 99 Nov 99999 99:00:00 GMT")
@example("Sun, 22 Nov 2026 12:00:00 +999999999")
def test_dates_never_raise(text: str) -> None:
    moment = http_date(text)
    assert moment is None or isinstance(moment, float)
