"""Those who listen to the daemon's events: each has a queue of its own, bounded, that drops the oldest and says so."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from datetime import UTC, datetime
from typing import Final

QUEUE: Final = 256 * 1024
"""Bytes that may wait for one listener."""


class Listener:
    """One of them. Lines are whole JSON objects with their line's end."""

    def __init__(self) -> None:
        self._lines: deque[bytes] = deque()
        self._waiting = 0
        self._dropped = 0
        self._news = asyncio.Event()

    def put(self, line: bytes) -> None:
        """For it to read when it can; never waits."""
        self._lines.append(line)
        self._waiting += len(line)
        while self._waiting > QUEUE and self._lines:
            self._waiting -= len(self._lines.popleft())
            self._dropped += 1
        self._news.set()

    async def take(self) -> bytes:
        """All that waits, after what was dropped before it."""
        await self._news.wait()
        self._news.clear()
        dropped, self._dropped = self._dropped, 0
        lines, self._lines, self._waiting = self._lines, deque(), 0
        if dropped:
            told = {"at": datetime.now(UTC).isoformat(), "event": "dropped", "count": dropped}
            lines.appendleft(json.dumps(told).encode() + b"\n")
        return b"".join(lines)
