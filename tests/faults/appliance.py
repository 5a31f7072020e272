"""The daemon's process as a test holds it: the visitor's button, systemd's socket, and the world that it calls."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import signal
import socket
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from kiosk.sim.api import SessionApi
from tests.live.hall import KEY
from tests.parts.child import PYTHON, Child
from tests.parts.far_end import FarEnd
from tests.parts.livekit_server import LiveKitServer

ROOM = "appliance"
TOUCH = 0.15
"""Seconds; what is much shorter is a bounce."""


class Appliance(Child):
    """`async with Appliance(folder, url)`: idle and ready. `shell` is put before the daemon's command, in a shell's words."""

    def __init__(self, folder: Path, url: str, *, shell: str = "exec", environment: Mapping[str, str] | None = None) -> None:
        configuration = {
            "session": {"url": url, "agent_id": "appliance"},
            "talk": {"mode": "toggle"},
            "audio": {"latency": "40ms"},
            "led": {"pin": 18},
            "log": {"level": "debug"},
        }
        command = shlex.join([str(PYTHON), "-m", "tests.faults.appliance_main", json.dumps(configuration)])
        super().__init__(["sh", "-c", f"{shell} {command}"], folder, environment=environment)

    async def figures(self) -> dict[str, Any]:
        """What is true inside: state, audible, captured, played, lag_ms, fault, wall."""
        return await self.ask("figures")

    async def until(self, name: str, value: object, limit: float = 15.0) -> float:
        """Wait until that figure has that value; the monotonic time when it was seen."""
        end = time.monotonic() + limit
        while (found := (await self.figures())[name]) != value:
            assert time.monotonic() < end, f"{name} is {found} and not {value} after {limit:g} s"
            await asyncio.sleep(0.05)
        return time.monotonic()

    async def toggle(self) -> None:
        """Press and release, as long as a finger takes: a call begins, or ends."""
        await self.ask("press")
        await asyncio.sleep(TOUCH)
        await self.ask("release")
        await asyncio.sleep(TOUCH)

    def send(self, number: signal.Signals) -> None:
        """A signal to the daemon."""
        os.kill(self.pid, number)

    def words(self) -> str:
        """All that it has written to its log."""
        return self.log.read_text(errors="replace")


class Place:
    """What an appliance calls: the API and, in its room, an agent."""

    def __init__(self, api: SessionApi, agent: FarEnd) -> None:
        self.api = api
        self.agent = agent


@asynccontextmanager
async def place(server: LiveKitServer, folder: Path) -> AsyncGenerator[Place]:
    """A session API whose tokens are for one room, and an agent that waits there."""
    async with AsyncExitStack() as stack:
        api = SessionApi(KEY, lambda: server.url, lambda identity, _room, lifetime: server.token(identity, ROOM, ttl=lifetime))
        await stack.enter_async_context(api)
        agent = FarEnd(server.url, server.token("agent", ROOM, kind="agent"), folder / "agent")
        yield Place(api, await stack.enter_async_context(agent))


class Systemd:
    """The notification socket of a service manager."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "notify"
        self.told: list[tuple[float, str]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self._socket.setblocking(False)
        self._news = asyncio.Event()

    def __enter__(self) -> Systemd:
        asyncio.get_running_loop().add_reader(self._socket, self._read)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        self.told.append((time.monotonic(), self._socket.recv(4096).decode()))
        self._news.set()

    def environment(self, limit: float) -> dict[str, str]:
        """What systemd tells a daemon with WatchdogSec=`limit`."""
        return {"NOTIFY_SOCKET": str(self.path), "WATCHDOG_USEC": str(round(limit * 1e6))}

    def last_sign(self) -> float | None:
        """When the last sign of life came."""
        return max((at for at, text in self.told if text == "WATCHDOG=1"), default=None)

    async def silence(self, limit: float) -> float:
        """Wait until no sign of life has come for `limit` seconds, as systemd does; the monotonic time."""
        since = time.monotonic()
        while (left := (self.last_sign() or since) + limit - time.monotonic()) > 0:
            self._news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), left)
        return time.monotonic()
