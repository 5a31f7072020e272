"""The way of signalling between the library and a media server; both ends are the test's."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import aiohttp
import pytest
import trustme
from aiohttp import web
from livekit.protocol.models import DisconnectReason, ParticipantInfo
from livekit.protocol.rtc import LeaveRequest, SignalResponse

from kiosk.errors import Retry
from kiosk.room import signalling
from kiosk.room.signalling import Signalling
from kiosk.room.wire import LIMIT
from tests.parts.tls import serving, trusting

TOKEN = "a-token"
NOBODY = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)
"""What a client meets where nobody answers."""


@dataclass
class Other:
    """Somebody else in the room."""

    sid: str
    identity: str


@dataclass
class MediaServer:
    """Answers what it is told to; keeps what it was asked."""

    url: str = ""
    status: int = 101
    elsewhere: str | None = None
    """Where it redirects to."""
    paths: list[str] = field(default_factory=list[str])
    tokens: list[str | None] = field(default_factory=list[str | None])
    heard: asyncio.Queue[aiohttp.WSMessage] = field(default_factory=asyncio.Queue[aiohttp.WSMessage])
    line: web.WebSocketResponse = field(default_factory=lambda: web.WebSocketResponse(autoping=False))
    met: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """One request."""
        self.paths.append(request.raw_path)
        self.tokens.append(request.headers.get("Authorization"))
        if self.elsewhere is not None:
            return web.Response(status=302, headers={"Location": self.elsewhere})
        if self.status != 101:
            return web.Response(status=self.status, text="why not")
        await self.line.prepare(request)
        self.met.set()
        async for message in self.line:
            if message.type is aiohttp.WSMsgType.PING:
                await self.line.pong(message.data)
            else:
                self.heard.put_nowait(message)
        return self.line


@asynccontextmanager
async def media_server(context: ssl.SSLContext | None = None) -> AsyncGenerator[MediaServer]:
    """At `url`."""
    made = MediaServer()
    limit = signalling.HEADER
    runner = web.ServerRunner(web.Server(made.serve, access_log=None, max_line_size=limit, max_field_size=limit), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    made.url = f"{'wss' if context else 'ws'}://localhost:{runner.addresses[0][1]}"
    try:
        yield made
    finally:
        await runner.cleanup()


@pytest.fixture
async def server() -> AsyncIterator[MediaServer]:
    """One without TLS."""
    async with media_server() as made:
        yield made


@pytest.fixture
async def library() -> AsyncIterator[aiohttp.ClientSession]:
    """What the library connects with."""
    async with aiohttp.ClientSession(headers={"Authorization": TOKEN}) as session:
        yield session


@asynccontextmanager
async def signals(url: str, *others: Other) -> AsyncGenerator[tuple[Signalling, str]]:
    """The signalling to `url`, and where it is to be joined. others: whom the library knows when the server ends the stay."""
    made = Signalling(lambda: others)
    try:
        yield made, await made.open(url)
    finally:
        await made.close()


def leave(action: LeaveRequest.Action, *, can_reconnect: bool = False) -> bytes:
    """The server's message."""
    request = LeaveRequest(action=action, can_reconnect=can_reconnect, reason=DisconnectReason.ROOM_DELETED)
    return bytes(SignalResponse(leave=request).SerializeToString())


def forgotten(data: bytes) -> list[tuple[str, str]]:
    """Those who have left, by the server's word."""
    participants = SignalResponse.FromString(data).update.participants
    assert all(each.state == ParticipantInfo.DISCONNECTED for each in participants)
    return [(each.sid, each.identity) for each in participants]


async def test_what_is_said_arrives_as_it_was_said(server: MediaServer, library: aiohttp.ClientSession) -> None:
    async with signals(f"{server.url}/base?a=b%20c") as (made, url):
        path, _, query = url.partition("?")
        async with library.ws_connect(f"{path}/rtc/v1?{query}&join_request=x%3D%3D") as near:
            assert server.paths == ["/base/rtc/v1?a=b%20c&join_request=x%3D%3D"]
            assert server.tokens == [TOKEN]
            await near.send_bytes(b"\x00offer")
            assert (await server.heard.get()).data == b"\x00offer"
            await server.line.send_bytes(b"\xffanswer")
            assert await near.receive_bytes() == b"\xffanswer"
            await server.line.ping(b"7")
            assert (await server.heard.get()).data == b"7"
        assert made.failure is None


async def test_the_server_is_asked_whether_it_is_there(server: MediaServer, library: aiohttp.ClientSession) -> None:
    async with signals(server.url) as (made, url):
        answered = asyncio.Event()
        made.line.on_answer = answered.set
        async with library.ws_connect(f"{url}/rtc"), asyncio.timeout(2.0):
            await answered.wait()


async def test_either_end_ends_the_other(server: MediaServer, library: aiohttp.ClientSession) -> None:
    async with signals(server.url) as (_, url):
        async with library.ws_connect(f"{url}/rtc") as near:
            await server.met.wait()
            await server.line.close()
            assert (await near.receive()).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
        server.line, server.met = web.WebSocketResponse(), asyncio.Event()
        async with library.ws_connect(f"{url}/rtc"):
            await server.met.wait()
        async with asyncio.timeout(2.0):
            while not server.line.closed:  # noqa: ASYNC110  the server's end tells nobody
                await asyncio.sleep(0.01)


async def test_who_does_not_know_the_address_gets_nothing(server: MediaServer, library: aiohttp.ClientSession) -> None:
    async with signals(server.url) as (_, url):
        origin = url.rsplit("/", 1)[0].replace("ws", "http", 1)
        for path in ("/", "/rtc", "/x" * 20, f"/{url.rsplit('/', 1)[1]}"):
            async with library.get(origin + path) as answer:
                assert answer.status == 404
    assert server.paths == []


@pytest.mark.parametrize(("status", "code"), [(401, "token-rejected"), (404, "join-refused"), (429, "server-busy"), (503, "server-down")])
async def test_a_refusal_is_passed_on_and_known(server: MediaServer, library: aiohttp.ClientSession, status: int, code: str) -> None:
    server.status = status
    async with signals(server.url) as (made, url):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await library.ws_connect(f"{url}/rtc/v1")
        assert caught.value.status == status
        assert made.failure is not None
        assert made.failure.code == code
        server.status = 101
        async with library.ws_connect(f"{url}/rtc"):
            assert made.failure is None


@pytest.mark.parametrize("status", [200, 204, 302])
async def test_an_answer_that_is_no_refusal_is_tried_again(server: MediaServer, library: aiohttp.ClientSession, status: int) -> None:
    server.status = status
    async with signals(server.url) as (made, url):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await library.ws_connect(f"{url}/rtc")
    assert caught.value.status == 502
    assert made.failure is not None
    assert (made.failure.code, made.failure.retry) == ("server-down", Retry.SOON)


async def test_nothing_is_redirected(server: MediaServer, library: aiohttp.ClientSession) -> None:
    async with media_server() as other, signals(server.url) as (made, url):
        for there in ("/portal", other.url.replace("ws", "http", 1)):
            server.elsewhere = there
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await library.ws_connect(f"{url}/rtc")
        assert str(made.failure) == "the media server answers 302 in place of a connection"
        assert (server.paths, other.paths) == (["/rtc", "/rtc"], [])


async def test_a_token_as_long_as_the_apis_answer_may_be(server: MediaServer, caplog: pytest.LogCaptureFixture) -> None:
    token = "t" * 64 * 1024
    async with (
        signals(server.url) as (_, url),
        aiohttp.ClientSession(headers={"Authorization": token}) as library,
        library.ws_connect(f"{url}/rtc"),
    ):
        assert server.tokens == [token]
    assert caplog.text == ""


async def test_what_strangers_say_to_the_port_is_not_written_down(server: MediaServer, caplog: pytest.LogCaptureFixture) -> None:
    async with signals(server.url) as (_, url):
        port = int(url.split(":")[2].split("/")[0])
        for said in (b"\x16\x03\x01\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\nA: " + b"x" * 200_000 + b"\r\n\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(said)
            await reader.read(100)
            writer.close()
    assert caplog.text == ""


async def test_no_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with signals("ws://127.0.0.1:1"):
        assert not [name for name in os.environ if name.lower() in signalling.PROXIES]


async def test_last_words_arrive_before_the_end(server: MediaServer, library: aiohttp.ClientSession) -> None:
    async with signals(server.url) as (made, url):
        near = await library.ws_connect(f"{url}/rtc")
        await server.met.wait()
        await near.send_bytes(b"leave")
        await near.close()
        await made.shut()
        assert server.heard.get_nowait().data == b"leave"
        # It has answered our farewell: nothing was torn down under what was said.
        assert server.line.close_code == aiohttp.WSCloseCode.OK


async def test_an_address_that_is_shut_is_nobodys(server: MediaServer, library: aiohttp.ClientSession) -> None:
    async with signals(server.url) as (made, url):
        await made.shut()
        with pytest.raises(NOBODY):
            await library.ws_connect(f"{url}/rtc")
        with pytest.raises(OSError, match="in use"):
            socket.create_server(("127.0.0.1", int(url.split(":")[2].split("/")[0])), reuse_port=False)
    assert server.paths == []


async def test_why_it_refuses_is_asked_for(server: MediaServer, library: aiohttp.ClientSession) -> None:
    server.status = 401
    async with signals(server.url) as (made, url), library.get(f"{url.replace('ws', 'http', 1)}/rtc/validate") as answer:
        assert (answer.status, await answer.text()) == (401, "why not")
        assert made.failure is not None
        assert made.failure.code == "token-rejected"
    assert server.tokens == [TOKEN]


async def test_a_server_that_is_not_there_is_dialled_once(library: aiohttp.ClientSession) -> None:
    async with signals("ws://127.0.0.1:1") as (made, url):
        with pytest.raises(NOBODY):
            await library.ws_connect(f"{url}/rtc/v1")
        failure = made.failure
        assert failure is not None
        assert str(failure) == "the media server cannot be reached: connection refused"
        with pytest.raises(NOBODY):
            await library.post(f"{url.replace('ws', 'http', 1)}/rtc/v1/validate")
        assert made.failure is failure


@pytest.mark.parametrize("trusted", [True, False])
async def test_tls_is_verified(library: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch, trusted: bool) -> None:
    ours, strangers = trustme.CA(), trustme.CA()
    monkeypatch.setattr(signalling, "trust", lambda: trusting(ours))
    async with (
        media_server(serving((ours if trusted else strangers).issue_cert("localhost"))) as server,
        signals(server.url) as (made, url),
    ):
        if trusted:
            async with library.ws_connect(f"{url}/rtc"):
                assert server.tokens == [TOKEN]
            return
        with pytest.raises(NOBODY):
            await library.ws_connect(f"{url}/rtc")
        assert str(made.failure) == "the media server cannot be reached: its certificate is not trusted"
        assert server.tokens == []


async def test_the_library_is_told_that_the_others_have_left(server: MediaServer, library: aiohttp.ClientSession) -> None:
    async with signals(server.url) as (made, url):
        assert not await made.forget([Other("PA_1", "agent")])
        async with library.ws_connect(f"{url}/rtc") as near:
            await server.met.wait()
            assert await made.forget([Other("PA_1", "agent"), Other("PA_2", "guard")])
            assert forgotten(await near.receive_bytes()) == [("PA_1", "agent"), ("PA_2", "guard")]
            await near.close()
            assert not await made.forget([Other("PA_1", "agent")])


async def test_before_the_server_ends_the_stay_the_others_are_forgotten(server: MediaServer, library: aiohttp.ClientSession) -> None:
    async with signals(server.url, Other("PA_1", "agent")) as (_, url), library.ws_connect(f"{url}/rtc") as near:
        await server.met.wait()
        last = leave(LeaveRequest.DISCONNECT)
        await server.line.send_bytes(last)
        assert forgotten(await near.receive_bytes()) == [("PA_1", "agent")]
        assert await near.receive_bytes() == last


@pytest.mark.parametrize(
    "data",
    [
        leave(LeaveRequest.RESUME),
        leave(LeaveRequest.RECONNECT),
        leave(LeaveRequest.DISCONNECT, can_reconnect=True),
        b"B",
        b"B\xff\xff",
        b"",
    ],
    ids=["resume", "reconnect", "the old word for it", "torn", "nonsense", "empty"],
)
async def test_nobody_is_forgotten_for_anything_else(server: MediaServer, library: aiohttp.ClientSession, data: bytes) -> None:
    async with signals(server.url, Other("PA_1", "agent")) as (_, url), library.ws_connect(f"{url}/rtc") as near:
        await server.met.wait()
        await server.line.send_bytes(data)
        assert await near.receive_bytes() == data


async def test_a_message_without_an_end_ends_the_connection(server: MediaServer, library: aiohttp.ClientSession) -> None:
    async with signals(server.url) as (_, url), library.ws_connect(f"{url}/rtc") as near:
        await server.met.wait()
        with suppress(ConnectionError):
            await server.line.send_bytes(bytes(LIMIT + 1))
        assert (await near.receive()).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)


async def test_a_server_that_does_not_answer_holds_nothing_up(library: aiohttp.ClientSession) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with signals(f"ws://127.0.0.1:{silent.getsockname()[1]}") as (made, url):
            waiting = asyncio.create_task(library.ws_connect(f"{url}/rtc"))
            await asyncio.sleep(0.2)
            assert not waiting.done()
            async with asyncio.timeout(3.0):
                await made.close()
            with pytest.raises(aiohttp.ClientError):
                await waiting
