"""LiveKit access tokens (JWT, HS256) from the standard library alone."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping

JOIN: Mapping[str, object] = {
    "roomJoin": True,
    "canPublish": True,
    "canSubscribe": True,
    "canPublishData": True,
    "canUpdateOwnMetadata": True,
}
"""What a participant needs to speak, hear, and set its own attributes."""
ADMIN: Mapping[str, object] = {"roomCreate": True, "roomList": True, "roomAdmin": True}
"""What the server's HTTP API wants."""


def mint(
    key: str,
    secret: str,
    *,
    room: str,
    identity: str = "",
    ttl: float = 300.0,
    kind: str | None = None,
    attributes: Mapping[str, str] | None = None,
    grants: Mapping[str, object] = JOIN,
    since: float | None = None,
) -> str:
    """A signed token for `room`, valid for `ttl` seconds (negative: already expired).

    kind: "agent" marks the participant as an agent. since: start of validity in wall-clock seconds, now where not given.
    """
    start = time.time() if since is None else since
    claims: dict[str, object] = {
        "iss": key,
        "sub": identity,
        "nbf": int(start),
        "exp": int(start + ttl),
        "video": {"room": room, **grants},
    }
    if kind is not None:
        claims["kind"] = kind
    if attributes is not None:
        claims["attributes"] = dict(attributes)
    signed = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
    mac = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_base64url(mac)}"


def _part(content: Mapping[str, object]) -> str:
    return _base64url(json.dumps(content, separators=(",", ":")).encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
