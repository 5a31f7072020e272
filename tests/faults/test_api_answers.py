"""Answers that are none: they hang, drip, never end, or say what cannot be a session. Refused, named, in bounded time and space."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from kiosk.signals import Earcon, Indication
from tests.faults.conftest import Report
from tests.faults.kiosk import Kiosk
from tests.session.helpers import answer, fake_api, jwt

Serve = Callable[[asyncio.StreamWriter], Coroutine[Any, Any, None]]


@asynccontextmanager
async def raw_api(serve: Serve) -> AsyncGenerator[str]:
    """A server that reads each request's head and leaves the rest to `serve`, which is cut off in the end."""

    async def each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await reader.readuntil(b"\r\n\r\n")
            await serve(writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            tasks.discard(task)
            writer.transport.abort()

    tasks: set[asyncio.Task[object]] = set()
    server = await asyncio.start_server(each, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def hangs(_: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def drips_its_head(writer: asyncio.StreamWriter) -> None:
    for byte in b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.1)


async def drips_its_body(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.1)


@pytest.mark.fault("api-slow")
async def test_an_answer_that_does_not_come_in_time_is_given_up_and_named(report: Report) -> None:
    async def one(serve: Serve) -> tuple[float, float, float]:
        async with raw_api(serve) as url, Kiosk(url, session={"connect_timeout": "10s"}) as kiosk:
            pressed = await kiosk.press()
            named = await kiosk.until_named("api-unreachable", pressed)
            lit = await kiosk.until_lit(Indication.OFFLINE, pressed)
            toned = await kiosk.until_heard(Earcon.OFFLINE, pressed)
            return named - pressed, lit - max(named, pressed + 10.0), toned - max(named, pressed + 10.0)

    found = await asyncio.gather(one(hangs), one(drips_its_head), one(drips_its_body))
    named, lit, toned = (max(each[index] for each in found) for index in range(3))
    text = (
        f"hangs, drips its head, drips its body: named {named:.1f} s after the press, LED and tone within {max(lit, toned) * 1000:.0f} ms"
    )
    report(text, 9.0 < named < 10.5 and lit < 1 and toned < 1)


MALFORMED: dict[str, Callable[[], web.StreamResponse]] = {
    "no JSON": lambda: web.Response(text="hello", content_type="application/json"),
    "no object": lambda: web.json_response([1]),
    "empty": lambda: web.Response(content_type="application/json"),
    "no UTF-8": lambda: web.Response(body=b'{"token": "\xff"}', content_type="application/json"),
    "deep": lambda: web.Response(body=b"[" * 60_000, content_type="application/json"),
    "no token": lambda: web.json_response(answer(token=None)),
    "no JWT": lambda: web.json_response(answer(token="abc")),
    "no expiry": lambda: web.json_response(answer(token=jwt({}))),
    "may not join": lambda: web.json_response(answer(token=jwt({"exp": 2e9, "video": {}}))),
    "no address": lambda: web.json_response(answer(livekit_url=None)),
    "in the clear": lambda: web.json_response(answer(livekit_url="ws://media.example.com")),
    "a path in its id": lambda: web.json_response(answer(session_id="../../admin")),
    "plain text": lambda: web.Response(text=json.dumps(answer())),
    "compressed": lambda: web.json_response(answer(), headers={"Content-Encoding": "br"}),
    "202": lambda: web.json_response(answer(), status=202),
}


@pytest.mark.fault("api-malformed")
async def test_a_malformed_answer_is_refused_and_named(report: Report) -> None:
    slowest, served = 0.0, list[float]()

    def serve(respond: Callable[[], web.StreamResponse]) -> web.StreamResponse:
        served.append(time.monotonic())
        return respond()

    session = {"requests_per_minute": 60, "connect_timeout": "120s"}
    async with fake_api() as api, Kiosk(api.url, session=session, talk={"mode": "hold"}) as kiosk:
        for respond in MALFORMED.values():
            served.clear()
            api.answers(lambda respond=respond: serve(respond))
            # Each press shortens the backoff after the answer before.
            await kiosk.press()
            await kiosk.until(lambda: bool(served))
            slowest = max(slowest, await kiosk.until_named("bad-answer", served[0]) - served[0])
        spoken = {detail for _, code, detail in kiosk.named if code == "bad-answer"}
        joined = kiosk.kinds().count("connected")
    text = (
        f"{len(MALFORMED)} kinds: all refused and named in {len(spoken)} different words, {slowest * 1000:.0f} ms after the answer at most"
    )
    report(text, slowest < 1.0 and len(spoken) >= 10 and joined == 0)
