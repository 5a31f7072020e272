"""Is what the API answered a session? Every part is checked before anything uses it. Pure; never raises but SessionError."""

from __future__ import annotations

import base64
import math
import re
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from kiosk.config.urls import is_loopback, split_url
from kiosk.session.faults import bad_answer
from kiosk.session.forms import Shape, look_up
from kiosk.session.wire import http_date, parse_object

LIMIT: Final = 32 * 1024
"""Largest answer in bytes; a real one has about a thousand. With what is on its way when that is seen, 64 KiB are read at most."""
_JWT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:~=+@-]{0,255}")
_LATEST: Final = 253_402_300_800.0
"""The year 10000: nothing signs a token beyond it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The checked parts of an answer; `expires` is the token's own claim, in seconds of the server's clock since 1970."""

    url: str
    token: str = field(repr=False)
    session_id: str | None
    room_name: str | None
    expires: float


def read_answer(body: bytes, shape: Shape) -> Answer:
    """The session in a body of at most LIMIT bytes; raises SessionError("bad-answer") with the name of the wrong part."""
    answer = parse_object(body)
    if answer is None:
        raise bad_answer("the answer is no JSON object")
    token = look_up(answer, shape.token)
    if not isinstance(token, str) or not token:
        raise bad_answer(f"the answer has no `{shape.token}`")
    read = Answer(
        url=_server_url(look_up(answer, shape.server_url), shape.server_url),
        token=token,
        session_id=_session_id(look_up(answer, shape.session_id)),
        room_name=_room_name(look_up(answer, shape.room_name)),
        expires=_expiry(token),
    )
    # The other parts are written down and shown.
    if any(token in (part or "") for part in (read.url, read.session_id, read.room_name)):
        raise bad_answer("it repeats its token where no secret is kept")
    return read


def seconds_left(expires: float, date: str | None, wall: float) -> float:
    """How long the token lives, by the server's clock where its Date header tells it (a device may have no clock of its own)."""
    return expires - (http_date(date) or wall)


def _server_url(value: JsonValue, key: str) -> str:
    if not isinstance(value, str) or not value:
        raise bad_answer(f"the answer has no `{key}`")
    try:
        parts = split_url(value, ("wss", "ws", "https", "http"))
    except ValueError:
        raise bad_answer(f"`{key}` is no usable address of a media server") from None
    secure = parts.scheme in ("wss", "https")
    if not secure and not is_loopback(parts.hostname):
        raise bad_answer(f"`{key}` is not encrypted (wss:// is wanted)")
    return parts._replace(scheme="wss" if secure else "ws").geturl()


def _session_id(value: JsonValue) -> str | None:
    if value is None:
        return None
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _ID.fullmatch(text):
        raise bad_answer("its session id is malformed")
    return text


def _room_name(value: JsonValue) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > 256 or not value.isprintable():
        raise bad_answer("its room name is malformed")
    return value


def _expiry(token: str) -> float:
    """The `exp` claim of a token shaped like LiveKit's (RFC 7519); its signature is the media server's to check."""
    if not _JWT.fullmatch(token):
        raise bad_answer("its token is no JWT")
    payload = token.split(".")[1]
    claims = parse_object(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))) if len(payload) % 4 != 1 else None
    if claims is None:
        raise bad_answer("its token has no readable claims")
    expires = claims.get("exp")
    if isinstance(expires, bool) or not isinstance(expires, int | float) or not 0 < expires < _LATEST or not math.isfinite(expires):
        raise bad_answer("its token has no expiry")
    if "video" in claims:
        video = claims["video"]
        if not isinstance(video, dict) or video.get("roomJoin") is not True:
            raise bad_answer("its token does not allow joining a room")
    return float(expires)
