"""Names to addresses, in threads of its own and with a time limit: a DNS that hangs holds up nothing else."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult

from kiosk.config.urls import is_loopback

_LIMIT: Final = 4.0
"""Seconds for one name; the system's own resolver may take half a minute to give up."""
_ASKING: Final = "timeout:1 attempts:3"
"""resolv.conf(5): a question that is lost is asked again after 1 s, not after 5; LiveKit's library asks by the same resolver."""


class Resolver(AbstractResolver):
    """The system's resolver. Two threads at most wait for it; the loop's own are never used up by a dead DNS server."""

    def __init__(self) -> None:
        os.environ.setdefault("RES_OPTIONS", _ASKING)
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="dns")

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        """Numeric addresses of `host`; raises OSError, after 4 s at the latest."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_LIMIT):
                return await loop.run_in_executor(self._threads, _look_up, host, port, family)
        except TimeoutError:
            # aiohttp takes a TimeoutError for one of its own, and not for a name that was not found.
            raise OSError(errno.ETIMEDOUT, "no answer from DNS") from None

    async def close(self) -> None:
        """Gives up what is still being asked, without waiting for it."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int, family: int) -> list[ResolveResult]:
    # A machine without any network still has its loopback, which AI_ADDRCONFIG would deny.
    flags = 0 if is_loopback(host) else socket.AI_ADDRCONFIG
    try:
        found = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM, flags=flags)
    except UnicodeError:
        raise OSError("the name is malformed") from None
    return [_result(host, port, int(kind), protocol, address) for kind, _, protocol, _, address in found]


def _result(host: str, port: int, family: int, protocol: int, address: tuple[str | int | bytes, ...]) -> ResolveResult:
    # A link-local IPv6 address is only whole with its interface.
    scope = f"%{address[3]}" if len(address) == 4 and address[3] else ""
    flags = int(socket.AI_NUMERICHOST | socket.AI_NUMERICSERV)
    return ResolveResult(hostname=host, host=f"{address[0]}{scope}", port=port, family=family, proto=protocol, flags=flags)
