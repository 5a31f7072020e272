"""The signalling of one room, through our own hands: the library speaks to a port on loopback, and we to the media server.

Three things are to be had in no other way (livekit 1.2.1):
- The library lets go of another participant when that one leaves, but not when we do: each of their publications holds its participant,
  that one the engine, and with it go 0.5 MB a session (livekit/rust-sdks 1378, 1435). Told here that all the others have left, just
  before it leaves itself or is made to, it keeps nothing.
- A dead connection is found within a second: the media server is asked five times a second whether it is there (`line`).
- What keeps a join from succeeding is told apart by the error itself, not by words in a text.
"""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from typing import Final, Protocol

import aiohttp
from aiohttp import web
from aiohttp.abc import AbstractResolver
from google.protobuf.message import DecodeError
from livekit.protocol.models import ParticipantInfo
from livekit.protocol.rtc import LeaveRequest, SignalResponse
from yarl import URL

from kiosk.errors import RoomError
from kiosk.room.line import ASKING, Line
from kiosk.room.reasons import refused, unreachable

LIMIT: Final = 1024 * 1024
"""Bytes of one message; a join's answer has a few thousand."""
BODY: Final = 4096
"""Bytes of an error's text that the library may see."""
DIAL: Final = 4.0
"""Seconds for TCP and TLS; the library itself gives a connection up after 5."""
CLOSING: Final = 0.5
"""Seconds for the last words (our leaving among them) and for a WebSocket's farewell."""
PASSED_ON: Final = ("Authorization", "User-Agent")
_LEAVE: Final = bytes([SignalResponse.LEAVE_FIELD_NUMBER << 3 | 2])
"""How a message begins that says leave: it has this one field."""


class Someone(Protocol):
    """Another participant, as the library knows it."""

    @property
    def sid(self) -> str: ...
    @property
    def identity(self) -> str: ...


class Signalling:
    """`url` is open from `open` until `close`, for whoever knows it. Each connection to it is one to the media server.

    ending: the server has ended our stay, and the library is about to hear of it; gives those whom it is to forget before.
    """

    def __init__(self, ending: Callable[[], Iterable[Someone]], resolver: AbstractResolver | None = None) -> None:
        self.line = Line()
        self.failure: RoomError | None = None
        """What kept the latest connection from the media server; None where nothing did."""
        self._ending = ending
        self._resolver = resolver
        self._key = secrets.token_urlsafe(16)
        self._runner: web.ServerRunner | None = None
        self._session: aiohttp.ClientSession | None = None
        self._origin = URL()
        self._near: web.WebSocketResponse | None = None

    async def open(self, url: str) -> str:
        """Where the library is to join instead of at `url` (ws or wss). Raises RoomError when there is no port left."""
        target = URL(url)
        self._origin = target.origin()
        context = await asyncio.to_thread(_trust) if target.scheme == "wss" else True
        connector = aiohttp.TCPConnector(ssl=context, resolver=self._resolver)
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=DIAL),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self._runner = web.ServerRunner(web.Server(self._serve, handler_cancellation=True, access_log=None), shutdown_timeout=CLOSING)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        except OSError as error:
            raise unreachable(error) from error
        _, port = self._runner.addresses[0][:2]
        path = target.raw_path.rstrip("/")
        return f"ws://127.0.0.1:{port}/{self._key}{path}" + (f"?{target.raw_query_string}" if target.raw_query_string else "")

    async def forget(self, others: Iterable[Someone]) -> bool:
        """Tells the library that these have left; whether it could be told."""
        if self._near is None or self._near.closed:
            return False
        message = SignalResponse()
        for each in others:
            message.update.participants.add(sid=each.sid, identity=each.identity, state=ParticipantInfo.DISCONNECTED)
        with suppress(ConnectionError):
            await self._near.send_bytes(message.SerializeToString())
            return True
        return False

    async def close(self) -> None:
        """Passes the last words on and ends every connection, within 1 s."""
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        mine = f"/{self._key}/"
        session = self._session
        if session is None or not request.raw_path.startswith(mine):
            return web.Response(status=404)
        url = URL(f"{self._origin}{request.raw_path.removeprefix(mine[:-1])}", encoded=True)
        headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
        try:
            if request.headers.get("Upgrade", "").lower() == "websocket":
                return await self._connect(request, session, url, headers)
            return await self._ask(session, url, headers)
        except aiohttp.WSServerHandshakeError as error:
            self.failure = refused(error.status)
            return web.Response(status=error.status)
        except (aiohttp.ClientError, OSError) as error:
            self.failure = unreachable(_cause(error))
            return web.Response(status=502)

    async def _ask(self, session: aiohttp.ClientSession, url: URL, headers: dict[str, str]) -> web.Response:
        """What the library asks when it was refused: why."""
        if self.failure is not None and self.failure.code == "server-unreachable":
            return web.Response(status=502)
        async with session.get(url.with_scheme(_plain(url)), headers=headers, allow_redirects=False) as answer:
            if answer.status >= 400:
                self.failure = refused(answer.status)
            return web.Response(status=answer.status, body=await answer.content.read(BODY))

    async def _connect(
        self, request: web.BaseRequest, session: aiohttp.ClientSession, url: URL, headers: dict[str, str]
    ) -> web.StreamResponse:
        async with session.ws_connect(url, headers=headers, autoping=False, max_msg_size=LIMIT) as far:
            self.failure = None
            near = web.WebSocketResponse(timeout=CLOSING, compress=False, max_msg_size=LIMIT)
            await near.prepare(request)
            self._near = near
            beside = [asyncio.create_task(_up(near, far)), asyncio.create_task(_asking(far))]
            try:
                await self._down(far, near)
            finally:
                self.line.forget()
                for task in beside:
                    task.cancel()
                await asyncio.gather(*beside, return_exceptions=True)
            return near

    async def _down(self, far: aiohttp.ClientWebSocketResponse, near: web.WebSocketResponse) -> None:
        with suppress(ConnectionError):
            async for message in far:
                self.line.heard(answer=message.type is aiohttp.WSMsgType.PONG)
                if message.type is aiohttp.WSMsgType.BINARY:
                    if _ends(message.data):
                        await self.forget(self._ending())
                    await near.send_bytes(message.data)
                elif message.type is aiohttp.WSMsgType.PING:
                    await far.pong(message.data)
            await near.close()


async def _up(near: web.WebSocketResponse, far: aiohttp.ClientWebSocketResponse) -> None:
    with suppress(ConnectionError):
        async for message in near:
            if message.type is aiohttp.WSMsgType.BINARY:
                await far.send_bytes(message.data)
        await far.close()


async def _asking(far: aiohttp.ClientWebSocketResponse) -> None:
    with suppress(ConnectionError):
        while True:
            await far.ping()
            await asyncio.sleep(ASKING)


def _ends(data: bytes) -> bool:
    """Whether the server ends our stay by this message, for good; no other kind of message is parsed."""
    if not data.startswith(_LEAVE):
        return False
    try:
        leave = SignalResponse.FromString(data).leave
    except DecodeError:
        return False
    return leave.action == LeaveRequest.DISCONNECT and not leave.can_reconnect


def _plain(url: URL) -> str:
    return "https" if url.scheme == "wss" else "http"


def _cause(error: BaseException) -> BaseException:
    """The system's or TLS's own error inside aiohttp's."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return error.certificate_error
    return error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error


@cache
def _trust() -> ssl.SSLContext:
    """The system's certificates; reading them takes long enough to be felt in the sound, so once, and not on the loop."""
    return ssl.create_default_context()
