"""What the session room's tests share: tokens, configurations, and an API on loopback that does as it is told."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypedDict, Unpack

import pytest
from aiohttp import web

from kiosk.config.model import SessionConfig
from kiosk.config.secrets import Secret
from kiosk.errors import SessionError
from kiosk.session.client import Client
from kiosk.session.grant import Grant

KEY = "sk_live_0123456789"


def jwt(claims: object | None = None, lifetime: float = 300.0) -> str:
    """A token shaped like LiveKit's."""
    if claims is None:
        claims = {"exp": time.time() + lifetime, "video": {"roomJoin": True, "room": "r"}}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "HS256"}, claims)]
    return ".".join([*parts, "c2lnbmF0dXJl"])


def settings(url: str, **keys: object) -> SessionConfig:
    """A session's configuration with short times."""
    return SessionConfig.model_validate({"url": url, "agent_id": "a1", "request_timeout": "1s", **keys})


def answer(**changes: object) -> dict[str, object]:
    """A good answer of the default form."""
    return {"token": jwt(), "livekit_url": "wss://media.example.com", "room_name": "r", "session_id": "s1", **changes}


Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass
class FakeApi:
    """Answers every request by `handler`; keeps what was asked."""

    port: int = 0
    scheme: str = "http"
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list[tuple[str, str, dict[str, str], bytes]])
    moments: list[float] = field(default_factory=list[float])
    """When each came, in the loop's time."""
    handler: Handler = field(default=lambda _: _respond(web.json_response(answer())))

    @property
    def url(self) -> str:
        return f"{self.scheme}://localhost:{self.port}"

    def bodies(self) -> list[object]:
        return [json.loads(body) for _, _, _, body in self.requests]

    def answers(self, response: Callable[[], web.StreamResponse]) -> None:
        self.handler = lambda _: _respond(response())

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.moments.append(asyncio.get_running_loop().time())
        self.requests.append((request.method, request.path, dict(request.headers), await request.read()))
        return await self.handler(request)


async def _respond(response: web.StreamResponse) -> web.StreamResponse:
    return response


@asynccontextmanager
async def fake_api(tls: ssl.SSLContext | None = None) -> AsyncGenerator[FakeApi]:
    """The API on a port of the system's choice."""
    api = FakeApi(scheme="https" if tls else "http")
    runner = web.ServerRunner(web.Server(api.handle, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    api.port = runner.addresses[0][1]
    try:
        yield api
    finally:
        await runner.cleanup()


class Options(TypedDict, total=False):
    """What a client can be told beside its configuration."""

    tls: ssl.SSLContext
    wall: Callable[[], float]
    doubt: Callable[[bool], str | None]
    plain_port: int


@asynccontextmanager
async def client(config: SessionConfig, key: str | None = KEY, **options: Unpack[Options]) -> AsyncGenerator[Client]:
    """A client that is closed in the end, with nothing left behind."""
    made = Client(config, Secret(key) if key else None, **options)
    try:
        yield made
    finally:
        await made.close()
        # Transports say goodbye in the loop's next turns.
        await asyncio.sleep(0.01)


async def ask(config: SessionConfig, **options: Unpack[Options]) -> Grant:
    """One grant by a client of its own."""
    async with client(config, **options) as made:
        return await made.ask()


async def refusal(config: SessionConfig, **options: Unpack[Options]) -> SessionError:
    """The error that one request ends in."""
    with pytest.raises(SessionError) as caught:
        await ask(config, **options)
    assert KEY not in str(caught.value) + caught.value.hint + repr(caught.value.__dict__)
    return caught.value
