"""Whether the media server is there: sockets on loopback, TLS by certificates of our own."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import pytest
import trustme

from kiosk.room import doorstep
from kiosk.room.doorstep import reachable
from tests.parts.tls import serving, trusting


@asynccontextmanager
async def listening(tls: ssl.SSLContext | None = None) -> AsyncGenerator[int]:
    """A server that says nothing and is told nothing; its port."""
    heard = b""

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal heard
        with suppress(ConnectionError):
            heard += await reader.read()
        writer.transport.abort()

    async with await asyncio.start_server(listen, "127.0.0.1", 0, ssl=tls) as server:
        yield server.sockets[0].getsockname()[1]
        # Transports say goodbye in the loop's next turns.
        await asyncio.sleep(0.05)
    if tls is not None:
        assert heard == b""


async def test_there_or_not() -> None:
    async with listening() as port:
        assert await reachable(f"ws://127.0.0.1:{port}/path?query")
    assert not await reachable(f"ws://127.0.0.1:{port}")
    assert not await reachable("wss://no-such-host.invalid")


@pytest.mark.parametrize("trusted", [True, False])
async def test_tls_is_part_of_it(monkeypatch: pytest.MonkeyPatch, trusted: bool) -> None:
    ours, strangers = trustme.CA(), trustme.CA()
    monkeypatch.setattr(doorstep, "trust", lambda: trusting(ours))
    async with listening(serving((ours if trusted else strangers).issue_cert("localhost"))) as port:
        assert await reachable(f"wss://localhost:{port}") is trusted


async def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorstep, "LIMIT", 0.2)
    async with listening() as port:
        assert not await reachable(f"wss://127.0.0.1:{port}")
