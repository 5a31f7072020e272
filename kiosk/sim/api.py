"""The session API of the loopback world, in all its published forms; it hands out tokens for the loopback media server."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from aiohttp import web

from kiosk.sim.network import Handler, Network

LIFETIME_S: Final = 300.0
"""How long the tokens of the real API live."""

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to be given instead of the right one."""

    status: int
    body: str | bytes = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def error(cls, status: int, detail: str, headers: Mapping[str, str] | None = None) -> Reply:
        """An error in the API's own shape."""
        return cls(status, json.dumps({"detail": detail, "status": status}), headers or {})


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came; `at` is the loop's time."""

    path: str
    body: Body
    at: float


Mint = Callable[[str, str, float], str]
"""(identity, room, lifetime in seconds) -> token."""


class SessionApi:
    """`async with SessionApi(key, livekit_url, mint) as api`. What it does next is set by its attributes, at any time."""

    def __init__(self, key: str, livekit_url: Callable[[], str], mint: Mint) -> None:
        self.url = ""
        self.network = Network()
        self.requests: list[Request] = []
        """Each request for a session, refused ones too."""
        self.ended: list[str] = []
        """Ids of the sessions that were ended."""
        self.replies: deque[Reply] = deque()
        """Given instead of the right answers, one to a request, until used up."""
        self.delay = 0.0
        """Seconds before each answer."""
        self.lifetime = LIFETIME_S
        """Seconds that the tokens live."""
        self._key = key
        self._livekit_url = livekit_url
        self._mint = mint
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=1.0)

    async def __aenter__(self) -> SessionApi:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[self.network.middleware])
        router = application.router
        router.add_post("/v1/voice/session", self._form(self._voice_session))
        router.add_post("/v1/voice/session/{session_id}/end", self._end)
        router.add_post("/voice/start", self._form(self._voice_start))
        router.add_post("/v2/calls", self._form(self._calls))
        router.add_post("/", self._form(self._livekit))
        return application

    def _form(self, form: Callable[[Body], web.Response]) -> Handler:
        """`form` behind the count of requests, the delay, the replies that were asked for, the key and the JSON."""

        async def handle(request: web.Request) -> web.Response:
            body = _parsed(await request.text())
            self.requests.append(Request(request.path, body or {}, asyncio.get_running_loop().time()))
            await asyncio.sleep(self.delay)
            if self.replies:
                return _answer(self.replies.popleft())
            if not self._knows(request):
                return _answer(Reply.error(401, "Invalid API key"))
            if body is None:
                return _answer(Reply.error(400, "The body is not a JSON object"))
            return form(body)

        return handle

    def _knows(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == f"Bearer {self._key}"

    async def _end(self, request: web.Request) -> web.Response:
        if not self._knows(request):
            return _answer(Reply.error(401, "Invalid API key"))
        self.ended.append(request.match_info["session_id"])
        return web.json_response({"status": "ended"})

    def _voice_session(self, body: Body) -> web.Response:
        if (refusal := _refusal(body, "metadata")) is not None:
            return refusal
        room, token = self._room()
        return web.json_response({"token": token, "livekit_url": self._livekit_url(), "room_name": room, "session_id": _id("vs")})

    def _voice_start(self, body: Body) -> web.Response:
        if (refusal := _refusal(body, "context")) is not None:
            return refusal
        _, token = self._room()
        url = self._livekit_url()
        return web.json_response({"session_id": _id("vs"), "token": token, "websocket_url": url, "livekit_url": url})

    def _calls(self, body: Body) -> web.Response:
        if (refusal := _refusal(body, "voice_config")) is not None:
            return refusal
        if body.get("type") != "web":
            return _answer(Reply.error(400, 'type must be "web"'))
        room, token = self._room()
        answer = {"id": _id("call"), "type": "web", "status": "created", "agent_id": body["agent_id"], "token": token}
        answer |= {"livekit_url": self._livekit_url(), "room_name": room, "expires_in": int(self.lifetime)}
        return web.json_response(answer, status=201)

    def _livekit(self, body: Body) -> web.Response:
        _, token = self._room(body.get("room_name"), body.get("participant_identity"))
        return web.json_response({"server_url": self._livekit_url(), "participant_token": token}, status=201)

    def _room(self, room: str | None = None, identity: str | None = None) -> tuple[str, str]:
        room = room or _id("room")
        return room, self._mint(identity or _id("visitor"), room, self.lifetime)


def _parsed(text: str) -> Body | None:
    try:
        body: object = json.loads(text)
    except ValueError:
        return None
    return cast(Body, body) if isinstance(body, dict) else None


def _refusal(body: Body, context: str) -> web.Response | None:
    """What is wrong with `body`: no agent, or a `context` field that is no object."""
    if not isinstance(body.get("agent_id"), str) or not body["agent_id"]:
        return _answer(Reply.error(422, "agent_id is required"))
    if not isinstance(body.get(context, {}), dict):
        return _answer(Reply.error(400, f"{context} must be an object"))
    return None


def _answer(reply: Reply) -> web.Response:
    body = reply.body if isinstance(reply.body, bytes) else reply.body.encode()
    return web.Response(status=reply.status, body=body, headers={"Content-Type": "application/json", **reply.headers})


def _id(prefix: str) -> str:
    return f"{prefix}_{uuid.uuid4().hex[:12]}"
