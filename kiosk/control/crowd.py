"""Lets clients in: few at a time, few a second, and none for longer than a request takes. Whoever must wait, waits in the kernel."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Final, Protocol, cast

MOST: Final = 16
"""Clients at a time."""
RATE: Final = 40.0
"""Clients a second, after a burst of as many: the loop has buttons and rooms to serve."""
PATIENCE: Final = 5.0
"""Seconds from a client's first byte, or the lack of it, to the end of its answer."""
BRIEF: Final = 16 * 1024
"""Bytes that a client may send in all."""


class Handler(Protocol):
    """aiohttp's handler of one connection, as the loop calls it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None: ...
    def data_received(self, data: bytes) -> None: ...
    def eof_received(self) -> None: ...
    def connection_lost(self, exc: BaseException | None) -> None: ...
    def pause_writing(self) -> None: ...
    def resume_writing(self) -> None: ...


class Guest(asyncio.Protocol):
    """One connection, handed through to its handler; cut off when it says too much or stays too long."""

    def __init__(self, handler: Handler, on_gone: Callable[[Guest], None]) -> None:
        self._handler = handler
        self._on_gone = on_gone
        self._said = 0
        self._transport: asyncio.Transport | None = None
        self._leave = asyncio.get_running_loop().call_later(PATIENCE, self.cut)

    def stay(self) -> None:
        """It may stay for as long as it likes."""
        self._leave.cancel()

    def cut(self) -> None:
        """Out, whatever it is doing."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._handler.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._said += len(data)
        if self._said > BRIEF:
            self.cut()
        else:
            self._handler.data_received(data)

    def eof_received(self) -> None:
        self._handler.eof_received()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._leave.cancel()
        self._handler.connection_lost(exc)
        self._on_gone(self)

    def pause_writing(self) -> None:
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        self._handler.resume_writing()


class Crowd:
    """Everybody who is connected; on the event loop."""

    def __init__(self, handler: Callable[[], Handler]) -> None:
        self._handler = handler
        self._guests: set[Guest] = set()
        self._place = asyncio.Semaphore(MOST)
        self._clock = asyncio.get_running_loop().time
        self._credit = RATE
        self._credited = self._clock()

    async def admit(self, door: socket.socket) -> None:
        """Let clients in through this listening socket, for ever; cancelled, nobody is left inside."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                await self._place.acquire()
                await self._pace()
                connection, _ = await loop.sock_accept(door)
                await loop.connect_accepted_socket(self._guest, connection)
        finally:
            for guest in list(self._guests):
                guest.cut()

    def _guest(self) -> Guest:
        guest = Guest(self._handler(), self._gone)
        self._guests.add(guest)
        return guest

    def _gone(self, guest: Guest) -> None:
        self._guests.discard(guest)
        self._place.release()

    async def _pace(self) -> None:
        now = self._clock()
        self._credit = min(RATE, self._credit + (now - self._credited) * RATE) - 1.0
        self._credited = now
        if self._credit < 0.0:
            await asyncio.sleep(-self._credit / RATE)
