"""The loopback world in one piece: session API, media server and agents, on ports of the system's choice."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from contextlib import AsyncExitStack
from typing import Final

from kiosk.sim.agent import Agent, Mode
from kiosk.sim.api import SessionApi
from kiosk.sim.sfu.access import mint
from kiosk.sim.sfu.server import KEY, Server

API_KEY: Final = "loopback-key"
"""The key that the session API takes; it opens nothing but this process's own loopback ports."""


class World:
    """`async with World() as world`: everything runs on the present event loop until the end of the block.

    `mode` and `greeting` hold for the agents of later joins and may be changed.
    """

    def __init__(self, mode: Mode = "answer", *, greeting: bool = False) -> None:
        self.mode: Mode = mode
        self.greeting = greeting
        self.agents: deque[tuple[str, Agent]] = deque(maxlen=8)
        """(room, agent) of the latest joins, the present ones last."""
        self.secret = secrets.token_hex(32)
        self.sfu = Server(self.secret, self._agent)
        self.api = SessionApi(API_KEY, lambda: self.sfu.url, self._mint)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> World:
        await self._stack.enter_async_context(self.sfu)
        await self._stack.enter_async_context(self.api)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @property
    def api_url(self) -> str:
        """Base URL of the session API."""
        return self.api.url

    @property
    def sfu_url(self) -> str:
        """URL of the media server."""
        return self.sfu.url

    def agent_of(self, room: str) -> Agent:
        """The latest agent in `room`; KeyError when there was none."""
        for name, agent in reversed(self.agents):
            if name == room:
                return agent
        raise KeyError(room)

    @property
    def agent(self) -> Agent:
        """The agent of the latest join; IndexError before the first."""
        return self.agents[-1][1]

    def token(self, room: str, identity: str = "visitor", lifetime: float = 300.0) -> str:
        """A token for the media server without asking the API."""
        return self._mint(identity, room, lifetime)

    async def cut(self, seconds: float, *, silent: bool = False) -> None:
        """No network at all for `seconds`: API, signalling and media; returns when it is there again.

        Connections are reset at once; `silent`: they stay open and nothing is answered, as when packets vanish.
        """
        self.api.network.cut(silent=silent)
        self.sfu.cut(silent=silent)
        try:
            await asyncio.sleep(seconds)
        finally:
            self.api.network.heal()
            self.sfu.network.heal()

    def _agent(self, room: str) -> Agent:
        agent = Agent(self.mode, greeting=self.greeting)
        self.agents.append((room, agent))
        return agent

    def _mint(self, identity: str, room: str, lifetime: float) -> str:
        return mint(KEY, self.secret, identity=identity, room=room, lifetime=lifetime)
