"""LiveKit access tokens (JWT, HS256), made and checked with the standard library."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import Any, Final, cast

HEADER: Final = {"alg": "HS256", "typ": "JWT"}


class AccessDenied(Exception):
    """The token is malformed, forged, expired, or names no room."""


@dataclass(frozen=True, slots=True)
class Access:
    """What a valid token allows: to join `room` as `identity`, until `expires_at` (seconds since the epoch)."""

    identity: str
    room: str
    expires_at: float


def mint(key: str, secret: str, *, identity: str, room: str, lifetime: float, metadata: str = "") -> str:
    """A token to join `room` as `identity` that is valid for `lifetime` seconds (negative: expired already)."""
    now = time.time()
    claims = {
        "iss": key,
        "sub": identity,
        "nbf": int(now) - 60,
        "exp": now + lifetime,
        "metadata": metadata,
        "video": {"room": room, "roomJoin": True, "canPublish": True, "canSubscribe": True, "canPublishData": True},
    }
    signed = f"{_encode(json.dumps(HEADER).encode())}.{_encode(json.dumps(claims).encode())}"
    return f"{signed}.{_encode(_sign(signed, secret))}"


def check(token: str, key: str, secret: str) -> Access:
    """What `token` allows; AccessDenied when it is not ours or its time is over."""
    signed, _, signature = token.rpartition(".")
    try:
        genuine = hmac.compare_digest(_decode(signature), _sign(signed, secret))
        claims = cast(dict[str, Any], json.loads(_decode(signed.partition(".")[2])))
        access = Access(str(claims["sub"]), str(claims["video"]["room"]), float(claims["exp"]))
        issuer = claims["iss"]
    except (ValueError, KeyError, TypeError) as error:
        raise AccessDenied("malformed token") from error
    if not genuine or issuer != key:
        raise AccessDenied("invalid token signature")
    if access.expires_at < time.time():
        raise AccessDenied("token is expired")
    return access


def _sign(signed: str, secret: str) -> bytes:
    return hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
