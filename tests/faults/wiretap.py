"""A TLS server that keeps every byte it gets, sealed and opened, and answers nothing."""

from __future__ import annotations

import asyncio
import ssl
from types import TracebackType
from typing import Self


class Wiretap:
    """`async with Wiretap(context) as tap`, on `localhost:tap.port`. `context` may be replaced at any time."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context
        self.port = 0
        self.connections = 0
        self.handshakes = 0
        """How many were completed: the other side has taken the certificate."""
        self.sealed = bytearray()
        """Everything as it came over the wire."""
        self.opened = bytearray()
        """What was sent through TLS, in the clear."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.context.wrap_bio(incoming, outgoing, server_side=True)
        done = False
        try:
            while data := await reader.read(65_536):
                self.sealed += data
                incoming.write(data)
                done = self._turn(tls, done)
                writer.write(outgoing.read())
                await writer.drain()
        except (ssl.SSLError, ConnectionError):
            pass
        finally:
            writer.close()

    def _turn(self, tls: ssl.SSLObject, done: bool) -> bool:
        """What TLS makes of what came; whether the handshake is complete."""
        try:
            if not done:
                tls.do_handshake()
                self.handshakes += 1
                done = True
            while plain := tls.read(65_536):
                self.opened += plain
        except ssl.SSLWantReadError:
            pass
        return done
