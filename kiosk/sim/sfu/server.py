"""The loopback media server: LiveKit's signalling endpoint on a port of the system's choice, with faults on demand."""

from __future__ import annotations

import asyncio
import base64
import gzip
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from aiohttp import web
from livekit.protocol.models import DisconnectReason
from livekit.protocol.rtc import JoinRequest, LeaveRequest, SignalResponse, WrappedJoinRequest

from kiosk.sim.network import Network
from kiosk.sim.sfu.access import Access, AccessDenied, check, mint
from kiosk.sim.sfu.faults import Faults
from kiosk.sim.sfu.resident import Resident
from kiosk.sim.sfu.visitor import Visitor

KEY: Final = "loopback"
CLOSE_S: Final = 1.0
"""Seconds that a visitor has to answer when the server closes his connection."""


class Server:
    """`async with Server(secret, resident) as server`; `resident(room)` makes the agent for each join. One event loop.

    `faults` may be changed at any time and holds for those who join afterwards.
    """

    def __init__(self, secret: str, resident: Callable[[str], Resident]) -> None:
        self.url = ""
        self.faults = Faults()
        self.network = Network()
        self.visitors: list[Visitor] = []
        self.joins = 0
        self._secret = secret
        self._resident = resident
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=1.0)

    async def __aenter__(self) -> Server:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"ws://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.dismiss(DisconnectReason.SERVER_SHUTDOWN)
        await self._runner.cleanup()

    async def dismiss(self, reason: DisconnectReason, action: LeaveRequest.Action = LeaveRequest.DISCONNECT) -> None:
        """Shows everybody out with `reason`."""
        await asyncio.gather(*(visitor.dismiss(reason, action) for visitor in self.visitors))

    async def refresh_tokens(self, lifetime: float = 300.0) -> None:
        """Pushes a fresh token that lives `lifetime` seconds to everybody."""
        for visitor in list(self.visitors):
            await visitor.refresh(mint(KEY, self._secret, identity=visitor.identity, room=visitor.room, lifetime=lifetime))

    def cut(self, *, silent: bool = False) -> None:
        """The network is gone until `network.heal()`: media at once, signalling as Network.cut says."""
        for visitor in self.visitors:
            visitor.unplug()
        self.network.cut(silent=silent)

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[self.network.middleware])
        application.router.add_get("/rtc/v1", self._rtc)
        application.router.add_get("/rtc/v1/validate", self._validate)
        return application

    async def _validate(self, request: web.Request) -> web.Response:
        self._check(request)
        return web.Response(text="success")

    async def _rtc(self, request: web.Request) -> web.StreamResponse:
        access = self._check(request)
        wish = _wish(request.query["join_request"])
        faults = replace(self.faults)
        if faults.hold_upgrade:
            await _gone(request)
            return web.Response()
        socket = web.WebSocketResponse(timeout=CLOSE_S)
        await socket.prepare(request)
        if faults.hold_join:
            await _gone(request)
        elif wish.reconnect:
            # Nothing of a lost visitor is kept: the SDK then joins anew by itself.
            leave = LeaveRequest(reason=DisconnectReason.STATE_MISMATCH, action=LeaveRequest.RECONNECT)
            await socket.send_bytes(SignalResponse(leave=leave).SerializeToString())
        else:
            await asyncio.sleep(faults.join_delay)
            await self._serve(access, socket, faults, wish.publisher_offer.sdp)
        await socket.close()
        return socket

    async def _serve(self, access: Access, socket: web.WebSocketResponse, faults: Faults, offer: str) -> None:
        for twin in list(self.visitors):
            if (twin.room, twin.identity) == (access.room, access.identity):
                await twin.dismiss(DisconnectReason.DUPLICATE_IDENTITY)
        visitor = Visitor(access, socket, self._resident(access.room), faults)
        self.visitors.append(visitor)
        self.joins += 1
        try:
            await visitor.serve(offer)
        finally:
            self.visitors.remove(visitor)

    def _check(self, request: web.Request) -> Access:
        if self.faults.refuse is not None:
            raise _Refused(self.faults.refuse)
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            return check(bearer or request.query.get("access_token", ""), KEY, self._secret)
        except AccessDenied as error:
            raise web.HTTPUnauthorized(text=str(error)) from error


class _Refused(web.HTTPException):
    """Any status as an answer; `status_code` is a class attribute in aiohttp, here it is the instance's."""

    def __init__(self, status: int) -> None:
        self.status_code = status
        super().__init__(text="refused")


async def _gone(request: web.Request) -> None:
    """Returns when the client has given up."""
    while request.transport is not None:  # noqa: ASYNC110  (aiohttp has nothing to wait on that says so)
        await asyncio.sleep(0.1)


def _wish(parameter: str) -> JoinRequest:
    wrapped = WrappedJoinRequest.FromString(base64.urlsafe_b64decode(parameter + "=" * (-len(parameter) % 4)))
    packed = wrapped.compression == WrappedJoinRequest.GZIP
    return JoinRequest.FromString(gzip.decompress(wrapped.join_request) if packed else wrapped.join_request)
