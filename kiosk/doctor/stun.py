"""Just enough of STUN (RFC 5389) and TURN (RFC 5766) to see whether UDP reaches a server and comes back. Pure."""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass
from typing import Final, Literal

COOKIE: Final = 0x2112A442
TRANSACTION: Final = 12
"""Bytes of a transaction's id."""
_HEAD: Final = struct.Struct(">HHI12s")
_BINDING: Final = 0x0001
_ALLOCATE: Final = 0x0003
_SUCCESS: Final = 0x0100
_ERROR: Final = 0x0110
_METHOD: Final = 0x3EEF
"""The bits of a type that are not its class."""
_MAPPED: Final = 0x0001
_XOR_MAPPED: Final = 0x0020
_TRANSPORT: Final = struct.pack(">HHB3x", 0x0019, 4, 17)
"""REQUESTED-TRANSPORT: UDP."""

Service = Literal["stun", "turn"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server says to a request."""

    service: Service
    address: str | None
    """Where it saw the request come from, as `address:port`; None where it does not say."""


def request(service: Service, transaction: bytes) -> bytes:
    """A binding request, or one for an allocation without a name, which a TURN server refuses and so shows that it is there."""
    body = _TRANSPORT if service == "turn" else b""
    return _HEAD.pack(_ALLOCATE if service == "turn" else _BINDING, len(body), COOKIE, transaction) + body


def reply(data: bytes, transaction: bytes) -> Reply | None:
    """The reply to that transaction; None for every other datagram, however malformed."""
    if len(data) < _HEAD.size:
        return None
    kind, length, cookie, told = _HEAD.unpack_from(data)
    whole = length % 4 == 0 and len(data) == _HEAD.size + length
    if cookie != COOKIE or told != transaction or not whole or kind & ~_METHOD not in (_SUCCESS, _ERROR):
        return None
    method = kind & _METHOD
    if method == _ALLOCATE:
        return Reply("turn", None)
    if method != _BINDING:
        return None
    return Reply("stun", _address(data[_HEAD.size :], transaction) if kind & ~_METHOD == _SUCCESS else None)


def _address(body: bytes, transaction: bytes) -> str | None:
    while len(body) >= 4:
        kind, length = struct.unpack_from(">HH", body)
        value, body = body[4 : 4 + length], body[4 + (length + 3) // 4 * 4 :]
        if kind in (_XOR_MAPPED, _MAPPED) and len(value) == length:
            mask = struct.pack(">I", COOKIE) + transaction if kind == _XOR_MAPPED else bytes(16)
            return _told(value, mask)
    return None


def _told(value: bytes, mask: bytes) -> str | None:
    size = {1: 4, 2: 16}.get(value[1] if len(value) > 1 else 0)
    if size is None or len(value) != 4 + size:
        return None
    port = struct.unpack_from(">H", value, 2)[0] ^ struct.unpack_from(">H", mask)[0]
    address = ipaddress.ip_address(bytes(byte ^ other for byte, other in zip(value[4:], mask[:size], strict=True)))
    return f"[{address}]:{port}" if size == 16 else f"{address}:{port}"
