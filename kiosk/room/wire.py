"""One WebSocket of the library's and the one to the media server behind it: what comes at one end leaves at the other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import aiohttp
from aiohttp import web
from livekit.protocol.rtc import SignalResponse

from kiosk.room.line import ASKING, Line

LIMIT: Final = 4 * 1024 * 1024
"""Bytes of one message. A join's answer has a few thousand, and 64 KiB more for each other participant with much to say of itself."""
FAREWELL: Final = 1.5
"""Seconds for the media server to take our last words: on a line that loses a packet in twenty they need that long now and then."""
CLOSING: Final = 0.5
"""Seconds for the library to say farewell."""
_LEAVE: Final = bytes([SignalResponse.LEAVE_FIELD_NUMBER << 3 | 2])
"""How a message begins that says leave: it has this one field."""


class Wire:
    """`near` is the library's end, `far` the media server's; `line` hears what comes.

    before_leave: awaited before the library gets a message by which the server ends or mends our stay.
    """

    def __init__(
        self,
        near: web.WebSocketResponse,
        far: aiohttp.ClientWebSocketResponse,
        line: Line,
        before_leave: Callable[[bytes], Awaitable[None]],
    ) -> None:
        self._near, self._far, self._line, self._before_leave = near, far, line, before_leave
        self._hung_up = asyncio.Event()

    @property
    def open(self) -> bool:
        """Something can be said to the library."""
        return not self._near.closed

    async def tell(self, message: bytes) -> None:
        """Says it to the library as if it came from the media server; nothing where that has hung up."""
        with suppress(ConnectionError):
            await self._near.send_bytes(message)

    def hang_up(self) -> None:
        """Ends it, after what has been said."""
        self._hung_up.set()

    async def carry(self) -> None:
        """Until either end hangs up, or we; then the other end is told within 2 s, the media server after our last words."""
        asking = asyncio.create_task(self._ask())
        ends = {asyncio.create_task(end) for end in (self._up(), self._down(), self._until_hung_up())}
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # An answer that is under way when the connection is torn down would take unacknowledged last words with it.
            asking.cancel()
            with suppress(TimeoutError, ConnectionError):
                async with asyncio.timeout(FAREWELL):
                    await self._far.close()
            with suppress(TimeoutError, ConnectionError):
                async with asyncio.timeout(CLOSING):
                    await self._near.close()
            for task in ends:
                task.cancel()
            await asyncio.gather(asking, *ends, return_exceptions=True)

    async def _until_hung_up(self) -> None:
        await self._hung_up.wait()

    async def _up(self) -> None:
        with suppress(ConnectionError):
            async for message in self._near:
                if message.type is aiohttp.WSMsgType.BINARY:
                    await self._far.send_bytes(message.data)

    async def _down(self) -> None:
        with suppress(ConnectionError):
            async for message in self._far:
                self._line.heard(answer=message.type is aiohttp.WSMsgType.PONG)
                if message.type is aiohttp.WSMsgType.BINARY:
                    if message.data.startswith(_LEAVE):
                        await self._before_leave(message.data)
                    await self._near.send_bytes(message.data)
                elif message.type is aiohttp.WSMsgType.PING:
                    await self._far.pong(message.data)

    async def _ask(self) -> None:
        with suppress(ConnectionError):
            while True:
                await self._far.ping()
                await asyncio.sleep(ASKING)
