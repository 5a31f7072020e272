"""A control socket that is there for as long as the process, and a stranger who says anything to it."""

from __future__ import annotations

import asyncio
import atexit
import tempfile
from contextlib import AsyncExitStack, suppress
from functools import cache
from pathlib import Path
from typing import Final

from kiosk.control import crowd
from tests.control.board import STATUS, Desk, desk

MOST: Final = 64 * 1024
"""Bytes that any answer has at most."""


class Stranger:
    """Says something to the control socket, hangs up, and sees whether the next one is served."""

    def __init__(self) -> None:
        self._runner, self._stack = asyncio.Runner(), AsyncExitStack()
        self._desk = self._runner.run(self._open())
        atexit.register(self._close)

    def says(self, data: bytes) -> bytes:
        """What comes back."""
        return self._runner.run(self._say(data))

    async def _open(self) -> Desk:
        # One client after the other, as fast as they can be: how many a second are let in has its own tests.
        crowd.RATE = 1e9  # pyright: ignore[reportConstantRedefinition, reportAttributeAccessIssue]
        folder = self._stack.enter_context(tempfile.TemporaryDirectory())
        return await self._stack.enter_async_context(desk(Path(folder) / "s"))

    async def _say(self, data: bytes) -> bytes:
        answer = b""
        async with asyncio.timeout(crowd.PATIENCE):
            reader, writer = await asyncio.open_unix_connection(self._desk.path)
            with suppress(ConnectionError):
                writer.write(data)
                writer.write_eof()
                answer = await reader.read()
            writer.close()
        code, status = await self._desk.ask("GET", "/status")
        assert (code, status["state"]) == (200, STATUS.state)
        return answer

    def _close(self) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.close()


@cache
def stranger() -> Stranger:
    """The process's only one."""
    return Stranger()
