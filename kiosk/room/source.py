"""The microphone's way into the library: one block, one native call, no queue, no waiting."""

from __future__ import annotations

import asyncio
import threading
from typing import Final

import numpy as np
from livekit import rtc

from kiosk.audio.frames import BLOCK_S, RATE, Block, silence
from kiosk.room.native import Repeated, capture_request

LOOK: Final = 0.1
"""Seconds between two looks whether blocks still come; after as long without any, silence is sent in their place."""
BEHIND: Final = 0.05
"""Seconds of silence that are made up for at most when the loop was late."""


class MicrophoneSource:
    """An rtc.AudioSource on its direct path, kept alive with silence while nobody sends.

    The media server announces a track only when its first packet has come, so something has to be sent before the
    agent can subscribe; its jitter buffer then also has its measure before the first word.
    """

    def __init__(self) -> None:
        self.native = rtc.AudioSource(RATE, 1, queue_size_ms=0)
        self._request: Repeated | None = capture_request(self.native)
        self._lock = threading.Lock()
        self._blocks = 0

    def send(self, block: Block) -> None:
        """One block, shape (480,), from any thread; a no-op after `close`."""
        self._blocks += 1
        self._push(block)

    def _push(self, block: Block) -> None:
        with self._lock:
            if self._request is not None:
                np.copyto(self._request.block, block)
                self._request()

    async def keep_alive(self) -> None:
        """Sends silence in real time while no blocks come; runs until cancelled."""
        loop = asyncio.get_running_loop()
        nothing = silence()
        seen, due = self._blocks, loop.time()
        while True:
            if self._blocks != seen:
                seen = self._blocks
                await asyncio.sleep(LOOK)
                due = loop.time()
                continue
            self._push(nothing)
            due = max(due + BLOCK_S, loop.time() - BEHIND)
            await asyncio.sleep(due - loop.time())

    async def close(self) -> None:
        """No native call is made after this; the native source is released."""
        with self._lock:
            self._request = None
        await self.native.aclose()
