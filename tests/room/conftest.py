"""A real media server for this room's tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from kiosk.audio.frames import Block
from kiosk.room.call import LiveKitCall
from kiosk.room.events import RoomEvent
from tests.parts.far_end import FarEnd
from tests.parts.livekit_server import LiveKitServer, server_binary

E = TypeVar("E")


class Visit:
    """A call with everything it told: `events`, and the agent's voice in `blocks`."""

    def __init__(self, server: LiveKitServer, room: str) -> None:
        self.events: list[RoomEvent] = []
        self.blocks: list[Block] = []
        self.room = room
        self.server = server
        self.call = LiveKitCall(self._told, self.blocks.append)
        self._news = asyncio.Event()

    async def join(self, *, seconds: float = 10.0) -> None:
        """Joins as `kiosk`."""
        await self.call.join(self.server.url, self.server.token("kiosk", self.room), timeout=seconds)

    async def told(
        self,
        kind: type[E] | tuple[type[E], ...],
        *,
        after: int = 0,
        seconds: float = 10.0,
        where: Callable[[E], bool] = lambda _event: True,
    ) -> E:
        """The first such event from `events[after]` on; waits for it."""
        async with asyncio.timeout(seconds):
            while True:
                for event in self.events[after:]:
                    if isinstance(event, kind) and where(event):
                        return event
                self._news.clear()
                await self._news.wait()

    def _told(self, event: RoomEvent) -> None:
        self.events.append(event)
        self._news.set()


@pytest.fixture(scope="session")
def server() -> Iterator[LiveKitServer]:
    """One server for all tests; a test that harms it makes its own."""
    with LiveKitServer(server_binary()) as running:
        yield running


@pytest.fixture
def room(request: pytest.FixtureRequest) -> str:
    """A room's name that no other test uses."""
    return str(request.node.name)


@pytest.fixture
async def visit(server: LiveKitServer, room: str) -> AsyncIterator[Visit]:
    """A call not joined yet; left at the end."""
    made = Visit(server, room)
    yield made
    await made.call.leave()


@pytest.fixture
async def agent(server: LiveKitServer, room: str, tmp_path: Path) -> AsyncIterator[FarEnd]:
    """An agent that is in the room already."""
    async with FarEnd(server.url, server.token("agent", room, kind="agent"), tmp_path / "agent") as far:
        yield far
