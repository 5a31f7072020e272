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
import logging
import os
import secrets
import ssl
from collections.abc import Callable, Iterable
from functools import cache
from types import SimpleNamespace
from typing import Final, Protocol

import aiohttp
from aiohttp import web
from aiohttp.abc import AbstractResolver
from google.protobuf.message import DecodeError
from livekit.protocol.models import ParticipantInfo
from livekit.protocol.rtc import LeaveRequest, SignalResponse
from yarl import URL

from kiosk.errors import RoomError
from kiosk.room.line import Line
from kiosk.room.reasons import refused, unreachable
from kiosk.room.wire import CLOSING, LIMIT, Wire

BODY: Final = 4096
"""Bytes of an error's text that the library may see."""
HEADER: Final = 128 * 1024
"""Bytes of one header of the library's: a token may have as many as the API's whole answer, 64 KiB."""
DIAL: Final = 4.5
"""Seconds for a name, TCP, TLS and the answer; the library itself gives a connection up after 5."""
IDLE: Final = 5.0
"""Seconds for which a connection without a request is kept."""
PASSED_ON: Final = ("Authorization", "User-Agent")
PROXIES: Final = ("http_proxy", "https_proxy", "all_proxy")
_UNHEARD: Final = logging.Logger("signalling", logging.CRITICAL + 1)
"""The HTTP server's: it would write down what strangers say to the port, and of the library's own requests the token."""


class Someone(Protocol):
    """Another participant, as the library knows it."""

    @property
    def sid(self) -> str: ...
    @property
    def identity(self) -> str: ...


class Signalling:
    """Open from `open` until `close`, for whoever knows the address. Each connection to it is one to the media server.

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
        self._wire: Wire | None = None
        self._carrying: dict[asyncio.Task[None], Wire] = {}

    async def open(self, url: str) -> str:
        """Where the library is to join instead of at `url` (ws or wss). Raises RoomError when there is no port left."""
        _without_proxies()
        target = URL(url)
        self._origin = target.origin()
        context = await asyncio.to_thread(trust) if target.scheme == "wss" else True
        redirects = aiohttp.TraceConfig()
        redirects.on_request_redirect.append(_redirected)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=context, resolver=self._resolver),
            timeout=aiohttp.ClientTimeout(total=None),
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[redirects],
        )
        server = web.Server(
            self._serve, access_log=None, logger=_UNHEARD, max_line_size=HEADER, max_field_size=HEADER, keepalive_timeout=IDLE
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=CLOSING)
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
        wire = self._wire
        if wire is None or not wire.open:
            return False
        await wire.tell(_gone(others))
        return True

    async def shut(self) -> None:
        """Ends every connection after its last words and lets none be made any more, within 2 s; the port is kept until `close`.

        A join that was given up goes on knocking, with its token, and nobody else is to open.
        """
        session, self._session = self._session, None
        if session is None:
            return
        for wire in self._carrying.values():
            wire.hang_up()
        if self._carrying:
            await asyncio.wait(self._carrying)
        await session.close()

    async def close(self) -> None:
        """As `shut`, and the port is free."""
        await self.shut()
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        mine = f"/{self._key}/"
        if not request.raw_path.startswith(mine):
            return web.Response(status=404)
        session = self._session
        connecting = request.headers.get("Upgrade", "").lower() == "websocket"
        known = not connecting and self.failure is not None and self.failure.code in ("server-unreachable", "server-down")
        if session is None or known:
            return _nobody(request)
        url = URL(f"{self._origin}{request.raw_path.removeprefix(mine[:-1])}", encoded=True)
        headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
        try:
            async with asyncio.timeout(DIAL):
                if not connecting:
                    return await self._ask(session, url, headers)
                self.failure = None
                far = await session.ws_connect(url, headers=headers, autoping=False, max_msg_size=LIMIT)
        except aiohttp.WSServerHandshakeError as error:
            self.failure = refused(error.status)
            return web.Response(status=error.status if error.status >= 400 else 502)
        except (aiohttp.ClientError, OSError) as error:
            self.failure = unreachable(_cause(error))
            return _nobody(request)
        return await self._join(request, far)

    async def _ask(self, session: aiohttp.ClientSession, url: URL, headers: dict[str, str]) -> web.Response:
        """What the library asks when it was refused: why."""
        async with session.get(url.with_scheme(_plain(url)), headers=headers, allow_redirects=False) as answer:
            if answer.status >= 400:
                self.failure = refused(answer.status)
            return web.Response(status=answer.status, body=await answer.content.read(BODY))

    async def _join(self, request: web.BaseRequest, far: aiohttp.ClientWebSocketResponse) -> web.StreamResponse:
        near = web.WebSocketResponse(timeout=CLOSING, compress=False, max_msg_size=LIMIT)
        wire = Wire(near, far, self.line, lambda message: self._before_leave(wire, message))
        try:
            await near.prepare(request)
        except ConnectionError:
            await far.close()
            return near
        self._wire = wire
        # A task of its own: the HTTP server would cut it short as soon as the library hangs up.
        task = asyncio.create_task(self._carry(wire))
        self._carrying[task] = wire
        task.add_done_callback(self._carrying.pop)
        await asyncio.wait({task})
        return near

    async def _carry(self, wire: Wire) -> None:
        try:
            await wire.carry()
        finally:
            if self._wire is wire:
                self._wire = None
                self.line.forget()

    async def _before_leave(self, wire: Wire, message: bytes) -> None:
        if wire is self._wire and _for_good(message):
            await wire.tell(_gone(self._ending()))


async def _redirected(_session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestRedirectParams) -> None:
    """Nothing is redirected: the token is for the server that the API names."""
    answer = params.response
    raise aiohttp.WSServerHandshakeError(answer.request_info, (), status=answer.status, message="redirected")


def _nobody(request: web.BaseRequest) -> web.Response:
    """What the library meets where nobody answers. An HTTP status would be a server's refusal to it, after which it takes its time."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _gone(others: Iterable[Someone]) -> bytes:
    message = SignalResponse()
    for each in others:
        message.update.participants.add(sid=each.sid, identity=each.identity, state=ParticipantInfo.DISCONNECTED)
    return bytes(message.SerializeToString())


def _for_good(data: bytes) -> bool:
    """Whether a server's message that begins as a leave does end our stay."""
    try:
        leave = SignalResponse.FromString(data).leave
    except DecodeError:
        return False
    return leave.action == LeaveRequest.DISCONNECT and not leave.can_reconnect


def _without_proxies() -> None:
    """None is used, as with the API; the library would send even what goes to loopback through one, the token included."""
    for name in PROXIES:
        os.environ.pop(name, None)
        os.environ.pop(name.upper(), None)


def _plain(url: URL) -> str:
    return "https" if url.scheme == "wss" else "http"


def _cause(error: BaseException) -> BaseException:
    """The system's or TLS's own error inside aiohttp's."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return error.certificate_error
    return error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error


@cache
def trust() -> ssl.SSLContext:
    """The system's certificates; reading them takes long enough to be felt in the sound, so once, and not on the loop."""
    return ssl.create_default_context()
