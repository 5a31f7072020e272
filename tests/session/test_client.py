"""The API over real sockets: every status, every kind of bad answer, in bounded time and memory."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from email.utils import formatdate

import pytest
from aiohttp import web
from aiohttp.abc import ResolveResult
from pydantic import JsonValue

from kiosk.errors import Retry
from kiosk.session.resolver import Resolver
from tests.session.helpers import KEY, answer, ask, client, fake_api, jwt, refusal, settings


@pytest.mark.parametrize(
    ("status", "code", "retry"),
    [
        (400, "bad-parameters", Retry.REFUSED),
        (401, "bad-key", Retry.REFUSED),
        (402, "no-balance", Retry.REFUSED),
        (403, "forbidden", Retry.REFUSED),
        (404, "unknown-agent", Retry.REFUSED),
        (405, "bad-parameters", Retry.REFUSED),
        (408, "api-down", Retry.SOON),
        (422, "bad-parameters", Retry.REFUSED),
        (429, "busy", Retry.WAIT),
        (500, "api-down", Retry.SOON),
        (502, "api-down", Retry.SOON),
        (503, "api-down", Retry.SOON),
        (511, "captive-portal", Retry.SOON),
        (202, "bad-answer", Retry.SOON),
        (304, "bad-answer", Retry.SOON),
    ],
)
async def test_statuses(status: int, code: str, retry: Retry) -> None:
    async with fake_api() as api:
        api.answers(lambda: web.json_response({"detail": "because"}, status=status))
        error = await refusal(settings(api.url))
    assert (error.code, error.retry, error.sent) == (code, retry, True)
    assert len(api.requests) == 1
    assert ("because" in str(error)) == (status >= 400 and status != 511)


@pytest.mark.parametrize(
    ("status", "headers", "after", "retry"),
    [
        (429, {"Retry-After": "17"}, 17.0, Retry.WAIT),
        (429, {"Retry-After": "0"}, 1.0, Retry.WAIT),
        (429, {"Retry-After": "9" * 400}, 3600.0, Retry.WAIT),
        (429, {"Retry-After": "Sun, 22 Nov 2026 12:00:30 GMT", "Date": "Sun, 22 Nov 2026 12:00:00 GMT"}, 30.0, Retry.WAIT),
        (429, {"Retry-After": "soon", "X-RateLimit-Reset": "40"}, 40.0, Retry.WAIT),
        (429, {"X-RateLimit-Reset": "1795348830", "Date": "Sun, 22 Nov 2026 12:00:00 GMT"}, 30.0, Retry.WAIT),
        (429, {}, 60.0, Retry.WAIT),
        (503, {"Retry-After": "17"}, 17.0, Retry.WAIT),
        (503, {}, None, Retry.SOON),
    ],
)
async def test_told_waits(status: int, headers: dict[str, str], after: float | None, retry: Retry) -> None:
    async with fake_api() as api:
        api.answers(lambda: web.Response(status=status, headers=headers))
        error = await refusal(settings(api.url))
    assert (error.after, error.retry) == (after, retry)


@pytest.mark.parametrize(
    ("detail", "shown"),
    [
        (f"key {KEY} is bad", "key ******** is bad"),
        ("Bearer abc and " + jwt(), "******** and ********"),
        ("x" * 300, "x" * 199 + "…"),
        ("a\n\x1b[31mb\u202ec", "a [31mb c"),
        ([{"loc": ["body", "agent_id"], "msg": "Field required"}, {"msg": "and more"}], "Field required; and more"),
        ({"a": 1}, None),
        (None, None),
    ],
)
async def test_the_apis_own_words(detail: JsonValue, shown: str | None) -> None:
    async with fake_api() as api:
        api.answers(lambda: web.json_response({"detail": detail, "status": 422}, status=422))
        error = await refusal(settings(api.url))
    assert str(error) == "the session API refused the parameters (422)" + (f": {shown}" if shown else "")


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b"{}", "application/json", "has no `token`"),
        (b"[]", "application/json", "no JSON object"),
        (b"hello", "text/plain", "content type"),
        (b"{}", "application/octet-stream", "content type"),
        (b" " * 32_769, "application/json", "more than 32,768 bytes"),
        (b" " * 10_000_000, "application/json", "more than 32,768 bytes"),
    ],
)
async def test_bodies(body: bytes, kind: str, said: str) -> None:
    async with fake_api() as api:
        api.answers(lambda: web.Response(body=body, content_type=kind))
        error = await refusal(settings(api.url))
    assert error.code == "bad-answer"
    assert said in str(error)


async def test_a_compressed_body_is_not_unpacked() -> None:
    async with fake_api() as api:
        api.answers(lambda: web.Response(body=b"x", content_type="application/json", headers={"Content-Encoding": "gzip"}))
        assert "compressed" in str(await refusal(settings(api.url)))
    assert api.requests[0][2]["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("status", [200, 503])
async def test_an_endless_body_ends_at_the_limit(status: int) -> None:
    sent = 0

    async def endless(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(status=status, headers={"Content-Type": "application/json"})
        await response.prepare(request)
        try:
            while True:
                await response.write(b" " * 4096)
                sent += 4096
        except ConnectionError:
            return response

    async with fake_api() as api:
        api.handler = endless
        error = await refusal(settings(api.url))
        assert error.code == ("bad-answer" if status == 200 else "api-down")
        await asyncio.sleep(0.05)
        before = sent
        await asyncio.sleep(0.05)
        assert sent == before


@pytest.mark.parametrize("pause", [0.05, 60.0])
async def test_a_slow_answer_is_given_up_in_time(pause: float) -> None:
    async def drip(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        with_end = asyncio.get_running_loop().time() + 3
        try:
            while asyncio.get_running_loop().time() < with_end:
                await response.write(b" ")
                await asyncio.sleep(pause)
        except ConnectionError:
            pass
        return response

    async with fake_api() as api:
        api.handler = drip
        begin = time.monotonic()
        error = await refusal(settings(api.url))
        assert time.monotonic() - begin < 1.5
    assert (error.code, error.retry) == ("api-unreachable", Retry.SOON)
    assert "within 1 s" in str(error)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "code"), [("http://portal.example/login", "captive-portal"), ("/elsewhere", "bad-answer"), ("http://[", "bad-answer")]
)
async def test_redirects_are_not_followed(status: int, location: str, code: str) -> None:
    async with fake_api() as api:
        api.answers(lambda: web.Response(status=status, headers={"Location": location}))
        assert (await refusal(settings(api.url))).code == code
    assert len(api.requests) == 1


async def test_a_page_instead_of_an_answer_is_a_captive_portal() -> None:
    async with fake_api() as api:
        api.answers(lambda: web.Response(text="<html>sign in", content_type="text/html"))
        assert (await refusal(settings(api.url))).code == "captive-portal"


@pytest.mark.parametrize("first", [b"SSH-2.0-hello\r\n", b"", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 10_000 + b"\r\n\r\n"])
async def test_a_peer_that_speaks_something_else(first: bytes) -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        error = await refusal(settings(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
    assert (error.code, error.retry) == ("bad-answer" if first else "api-unreachable", Retry.SOON)


async def test_nobody_listens() -> None:
    config = settings("http://127.0.0.1:1")
    error = await refusal(config)
    assert (error.code, error.retry, error.sent) == ("api-unreachable", Retry.SOON, False)
    async with client(config) as made:
        found = await made.reachable()
    assert found is not None
    assert found.code == "api-unreachable"


async def test_no_such_name() -> None:
    config = settings("https://no-such-host.invalid", request_timeout="8s")
    assert (await refusal(config)).code == "offline"
    async with client(config) as made:
        found = await made.reachable()
    assert found is not None
    assert found.code == "offline"


async def test_the_host_is_looked_for_by_the_name_that_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    sought: list[str] = []

    async def unknown(_resolver: Resolver, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        sought.append(host)
        raise OSError("no such name")

    monkeypatch.setattr(Resolver, "resolve", unknown)
    async with client(settings("https://xn--fa-hia.example")) as made:
        await made.reachable()
        await made.answers()
    assert sought == ["xn--fa-hia.example"] * 2


async def test_the_servers_clock_decides_how_long_a_token_lives() -> None:
    async with fake_api() as api:
        served = 1_795_348_800.0
        api.answers(lambda: web.json_response(answer(token=jwt({"exp": served + 300})), headers={"Date": formatdate(served, usegmt=True)}))
        grant = await ask(settings(api.url), wall=lambda: 0.0)
    assert grant.expires_at - asyncio.get_running_loop().time() == pytest.approx(300, abs=2)


async def test_the_end_of_a_session_never_raises() -> None:
    async with fake_api() as api:
        async with client(settings(api.url)) as made:
            grant = await made.ask()
            api.answers(lambda: web.Response(status=500))
            await made.end(grant)
            assert len(api.requests) == 2
        port = api.port
    async with client(settings(f"http://127.0.0.1:{port}")) as made:
        await made.end(grant)


@pytest.mark.parametrize(("status", "code"), [(200, None), (302, None), (404, None), (429, None), (500, "api-down"), (503, "api-down")])
async def test_an_answer_is_asked_for_without_the_key(status: int, code: str | None) -> None:
    async with fake_api() as api, client(settings(api.url)) as made:
        api.answers(lambda: web.Response(status=status, headers={"Location": "https://elsewhere.example/"}))
        error = await made.answers()
    assert (error.code if error else None) == code
    [(method, path, headers, body)] = api.requests
    assert (method, path, body) == ("GET", "/", b"")
    assert "Authorization" not in headers


async def test_no_answer_is_no_answer() -> None:
    async with client(settings("http://127.0.0.1:1")) as made:
        error = await made.answers()
    assert error is not None
    assert (error.code, error.sent) == ("api-unreachable", False)


async def test_reachable_sends_no_request() -> None:
    async with fake_api() as api, client(settings(api.url)) as made:
        assert await made.reachable() is None
        assert api.requests == []


async def test_addresses_that_swallow_packets_do_not_hide_one_that_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    async with fake_api() as api, AsyncExitStack() as swallowed:
        silent = [await swallowed.enter_async_context(swallowing(f"127.0.0.{last}", api.port)) for last in (2, 3)]

        async def resolve(*_: object, **__: object) -> list[dict[str, object]]:
            return [{"host": host, "port": api.port} for host in (*silent, "127.0.0.1")]

        monkeypatch.setattr("kiosk.session.resolver.Resolver.resolve", resolve)
        async with client(settings(api.url)) as made:
            begin = time.monotonic()
            assert await made.reachable() is None
            assert time.monotonic() - begin < 2.0


@asynccontextmanager
async def swallowing(host: str, port: int) -> AsyncGenerator[str]:
    """An address at which connections get no answer: its queue is full, and nobody takes from it."""
    loop = asyncio.get_running_loop()
    with socket.create_server((host, port), backlog=0) as server, socket.socket() as first:
        first.setblocking(False)
        await loop.sock_connect(first, server.getsockname())
        yield host


async def test_the_connection_is_used_again() -> None:
    peers: set[object] = set()

    async def note(request: web.BaseRequest) -> web.StreamResponse:
        assert request.transport is not None
        peers.add(request.transport.get_extra_info("peername"))
        return web.json_response(answer())

    async with fake_api() as api:
        api.handler = note
        async with client(settings(api.url)) as made:
            for _ in range(3):
                await made.ask()
    assert len(peers) == 1
