"""The agent's voice out of the room: one stream a track, the tracks of one agent mixed."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np
from livekit import rtc

from kiosk.audio.frames import RATE, Block
from kiosk.room.bounded import REAPER, quietly
from kiosk.room.native import deliver, release

WAITING: Final = 3
"""Frames of a second track that wait for the first one's: all tracks are read by one native timer, so one is usual."""
CLOSE_LIMIT: Final = 1.0


class Downlink:
    """Plays every audio track it is given through `on_audio`, which is called on the library's threads, one at a time.

    An agent may have more than one (its voice, and sounds of the background): the first one's frames set the time, the
    others' are added to them. With one track the frames pass untouched.
    """

    def __init__(self, on_audio: Callable[[Block], None]) -> None:
        self._on_audio = on_audio
        self._lock = threading.Lock()
        self._streams: dict[str, rtc.AudioStream] = {}
        self._waiting: dict[str, deque[Block]] = {}

    @property
    def sids(self) -> list[str]:
        """The tracks that play now, the oldest first."""
        return list(self._streams)

    def play(self, sid: str, track: rtc.Track) -> None:
        """From now on this track too; nothing when it plays already."""
        if sid in self._streams:
            return
        stream = rtc.AudioStream(track, capacity=1, sample_rate=RATE, num_channels=1, frame_size_ms=10)
        with self._lock:
            self._streams[sid] = stream
            self._waiting[sid] = deque(maxlen=WAITING)
        deliver(stream, partial(self._take, sid))

    def stop(self, sid: str) -> None:
        """No frame of this track after this returns; its stream is closed behind us."""
        with self._lock:
            stream = self._streams.pop(sid, None)
            self._waiting.pop(sid, None)
        if stream is not None:
            REAPER.keep(asyncio.create_task(_put_away(stream)))

    async def close(self) -> None:
        """Stops all, and waits for the streams' end (1 s at most)."""
        with self._lock:
            streams = list(self._streams.values())
            self._streams.clear()
            self._waiting.clear()
        closing = [REAPER.bounded(_put_away(stream), CLOSE_LIMIT) for stream in streams]
        await asyncio.gather(*closing, return_exceptions=True)

    def _take(self, sid: str, block: Block) -> None:
        with self._lock:
            if sid != next(iter(self._streams), None):
                waiting = self._waiting.get(sid)
                if waiting is not None:
                    waiting.append(block)
                return
            others = [queue.popleft() for queue in self._waiting.values() if queue]
            self._on_audio(mixed(block, others) if others else block)


async def _put_away(stream: rtc.AudioStream) -> None:
    await quietly(stream.aclose())
    release(stream)


def mixed(block: Block, others: list[Block]) -> Block:
    """The sum, held to 16 bits."""
    total = block.astype(np.int32)
    for other in others:
        total += other
    return np.clip(total, -32768, 32767).astype(np.int16)
