"""The network in front of a loopback server, so that it can be cut."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Network:
    """Knows every connection of one aiohttp server that has a request open; as long as it is `down`, nothing gets through."""

    def __init__(self) -> None:
        self.down = False
        self._silent = False
        self._healed = asyncio.Event()
        self._transports: set[asyncio.BaseTransport | None] = set()

    @property
    def middleware(self) -> Middleware:
        """To be the outermost one of the application."""

        @web.middleware
        async def pass_through(request: web.Request, handler: Handler) -> web.StreamResponse:
            transport = request.transport
            if self.down:
                if self._silent:
                    await self._healed.wait()
                _abort(transport)
                return web.Response()
            self._transports.add(transport)
            try:
                return await handler(request)
            finally:
                self._transports.discard(transport)

        return pass_through

    def cut(self, *, silent: bool = False) -> None:
        """Until `heal`: connections are reset, new ones too; `silent`: they stay open and nothing is answered, as when packets vanish."""
        self.down, self._silent = True, silent
        self._healed.clear()
        for transport in self._transports:
            if not silent:
                _abort(transport)
            elif isinstance(transport, asyncio.Transport):
                transport.pause_reading()

    def heal(self) -> None:
        """New connections are served again; the old ones are dead."""
        self.down = False
        self._healed.set()
        for transport in self._transports:
            _abort(transport)


def _abort(transport: asyncio.BaseTransport | None) -> None:
    if isinstance(transport, asyncio.Transport):
        transport.abort()
