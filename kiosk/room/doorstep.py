"""Whether the media server is there: TCP, and TLS where it is wanted; no request and no token."""

from __future__ import annotations

import asyncio
import socket
from typing import Final

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver
from yarl import URL

from kiosk.dial import knock
from kiosk.room.signalling import trust

LIMIT: Final = 5.0
"""Seconds for name, TCP and TLS."""


async def reachable(url: str, resolver: AbstractResolver | None = None) -> bool:
    """Whether a connection to this address (ws or wss) comes about within 5 s. `resolver` as `LiveKitCall` has it."""
    target = URL(url)
    # As aiohttp asks for it: `host` is decoded, and a name such as xn--fa-hia.de would be encoded as another.
    host, port = target.raw_host or "", target.port or 0
    try:
        async with asyncio.timeout(LIMIT):
            found = await (resolver or ThreadedResolver()).resolve(host, port, family=socket.AF_UNSPEC)
            context = await asyncio.to_thread(trust) if target.scheme == "wss" else None
            await knock(host, [(each["host"], port) for each in found], context)
    except OSError:
        return False
    return True
