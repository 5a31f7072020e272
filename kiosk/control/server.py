"""Status, events and orders by HTTP over the Unix socket: `curl --unix-socket /run/voice-kiosk/control.sock http://kiosk/status`."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, cast

from aiohttp import web
from pydantic import BaseModel, ValidationError

from kiosk.backoff import Backoff
from kiosk.control.caller import HEADER, called
from kiosk.control.crowd import MOST, Crowd, Guest, Handler
from kiosk.control.door import listening
from kiosk.control.harmless import harmless
from kiosk.control.listeners import Listener
from kiosk.control.orders import Board, Order, Problem, Volume
from kiosk.errors import ControlError, LoanError

_log = logging.getLogger(__name__)

LISTENERS: Final = MOST // 2
"""Listeners at a time, so that others find a place."""
DEAF: Final = 30.0
"""Seconds that a listener may keep its socket full; then it is gone."""
BODY: Final = 1024
"""Bytes of a request's body."""
_LINE: Final = 4096
"""Bytes of a header's line."""

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Control:
    """The control socket at `path`, in the middle of others that come and go. `board` and the callbacks are set before `run`."""

    board: Board

    def __init__(self, path: Path) -> None:
        self.path = path
        self.on_fault: Callable[[ControlError | None], None] = lambda _error: None
        self.clean: Callable[[str], str] = lambda text: text
        """Masks secrets in whatever leaves by the socket; there should be none."""
        self._listeners: set[Listener] = set()

    async def run(self) -> None:
        """Answers until cancelled. While the socket cannot be had, says so once and tries again."""
        backoff, failed = Backoff(base=1.0, cap=30.0), False
        while True:
            try:
                with listening(self.path) as door:
                    if failed:
                        self.on_fault(None)
                    failed = False
                    await self._serve(door)
            except ControlError as error:
                if not failed:
                    self.on_fault(error)
                failed = True
            await asyncio.sleep(backoff.next())

    def tell(self, kind: str, detail: Mapping[str, object], words: str | None) -> None:
        """Something happened: every listener hears of it, or of how much it missed."""
        if self._listeners:
            line = self._line(kind, detail if words is None else {**detail, "words": words})
            for listener in self._listeners:
                listener.put(line)

    async def _serve(self, door: socket.socket) -> None:
        application = web.Application(client_max_size=BODY, middlewares=[_told])
        application.add_routes(
            [
                web.get("/status", self._status),
                web.get("/events", self._events),
                web.post("/reload", self._reload),
                web.get("/volume", self._loudness),
                web.post("/volume", self._set_gain),
                web.post("/lend", self._lend),
                *(web.post(f"/{order}", self._obey) for order in Order),
            ]
        )
        runner = web.AppRunner(
            application, access_log=None, handler_cancellation=True, max_line_size=_LINE, max_field_size=_LINE, shutdown_timeout=0.1
        )
        await runner.setup()
        try:
            # Set up, it has its server.
            await Crowd(cast(Callable[[], Handler], runner.server)).admit(door)
        finally:
            await runner.cleanup()

    async def _status(self, _request: web.Request) -> web.Response:
        return self._said(await self.board.status())

    async def _reload(self, request: web.Request) -> web.Response:
        """A slow card and devices that are opened again take longer than other requests may."""
        _staying(request)
        reloaded = await self.board.reload(_who(request))
        if reloaded is None:
            raise web.HTTPServiceUnavailable(text="the daemon's configuration is no file's")
        return self._said(reloaded)

    async def _obey(self, request: web.Request) -> web.Response:
        return self._said(self.board.obey(Order(request.path.removeprefix("/")), _who(request)))

    async def _loudness(self, _request: web.Request) -> web.Response:
        return self._said(self.board.loudness())

    async def _set_gain(self, request: web.Request) -> web.Response:
        try:
            wanted = Volume.model_validate_json(await request.read())
        except ValidationError as error:
            raise web.HTTPBadRequest(text="; ".join(_words(each["loc"], each["msg"]) for each in error.errors())) from None
        self.board.set_gain(wanted.gain_db, _who(request))
        return self._said(self.board.loudness())

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if len(self._listeners) >= LISTENERS:
            raise web.HTTPServiceUnavailable(text=f"{LISTENERS} others listen already: stop one of them")
        transport = _staying(request)
        response = await _lines(request)
        listener = Listener()
        listener.put(self._line("state", self.board.present()))
        self._listeners.add(listener)
        try:
            while True:
                lines = await listener.take()
                async with asyncio.timeout(DEAF):
                    await response.write(lines)
        except (TimeoutError, ConnectionError):
            transport.abort()
        finally:
            self._listeners.discard(listener)
        return response

    async def _lend(self, request: web.Request) -> web.StreamResponse:
        """The loan lasts as long as the connection, however that ends: this handler is cancelled with it."""
        _staying(request)
        try:
            async with self.board.lend(_who(request)) as seconds:
                response = await _lines(request)
                await response.write(self._line("lent", {"seconds": seconds}))
                await asyncio.sleep(seconds)
        except LoanError as error:
            raise web.HTTPServiceUnavailable(text=f"{error}: {error.hint}") from None
        return response

    def _said(self, model: BaseModel) -> web.Response:
        return web.Response(text=harmless(self.clean(model.model_dump_json())) + "\n", content_type="application/json")

    def _line(self, kind: str, detail: Mapping[str, object]) -> bytes:
        text = json.dumps({"at": datetime.now(UTC).isoformat(), "event": kind, **detail}, default=str, ensure_ascii=False)
        return harmless(self.clean(text)).encode() + b"\n"


@web.middleware
async def _told(request: web.Request, handler: Answer) -> web.StreamResponse:
    """One request a connection, and every refusal as a Problem."""
    try:
        response = await handler(request)
    except web.HTTPException as error:
        _log.log(logging.INFO, "a client was turned away: %s %s", request.method, error.status, extra={"kind": "refused"})
        words = error.text if error.status in (400, 503) and error.text else error.reason
        response = web.json_response(text=Problem(error=words).model_dump_json(), status=error.status)
    if not response.prepared:
        response.force_close()
    return response


def _staying(request: web.Request) -> asyncio.Transport:
    """The connection of a guest who may stay."""
    if (transport := request.transport) is None:
        raise web.HTTPServiceUnavailable(text="gone already")
    cast(Guest, transport.get_protocol()).stay()
    return transport


async def _lines(request: web.Request) -> web.StreamResponse:
    """The beginning of an answer that has a JSON line for each event and ends with its connection."""
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    response.force_close()
    await response.prepare(request)
    return response


def _words(place: tuple[int | str, ...], words: str) -> str:
    return f"{'.'.join(str(part) for part in place)}: {words}" if place else words


def _who(request: web.Request) -> str:
    """The user at the other end."""
    connection = request.get_extra_info("socket")
    _, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return called(request.headers.get(HEADER), uid)
