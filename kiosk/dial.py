"""A connection that is made only to see whether it can be: TCP and TLS, and not a byte of a request."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterable
from typing import Any, Final

from aiohappyeyeballs import pop_addr_infos_interleave, start_connection  # pyright: ignore[reportUnknownVariableType]  a bare tuple

_Info = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]
"""One of `getaddrinfo`'s."""

STAGGER: Final = 0.25
"""Seconds after which the next address is tried beside one that does not answer (RFC 8305), as aiohttp does it."""
HANDSHAKE: Final = 2.5
"""Seconds for TLS, after which another address is tried."""


async def knock(host: str, addresses: Iterable[tuple[str, int]], context: ssl.SSLContext | None) -> None:
    """Returns once one of the host's numeric addresses (with its port) takes a connection; with a context also TLS, verified for `host`.

    Raises OSError for what kept all of them from it. The whole has no limit but the system's own.
    """
    left = [_info(address, port) for address, port in addresses]
    failure = OSError("the host has no address")
    while left:
        sock = await start_connection(left, happy_eyeballs_delay=STAGGER)
        if context is None:
            sock.close()
            return
        try:
            _, writer = await asyncio.open_connection(sock=sock, ssl=context, server_hostname=host, ssl_handshake_timeout=HANDSHAKE)
        except OSError as error:
            failure = error
            pop_addr_infos_interleave(left)
        else:
            writer.transport.abort()
            return
    raise failure


def _info(address: str, port: int) -> _Info:
    if ":" in address:
        return socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port, 0, 0)
    return socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port)
