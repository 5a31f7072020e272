"""The microphone and the speaker in threads of their own, for as long as a test needs them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Final

import numpy as np

from kiosk.audio.convert import FromMono, ToMono, frames
from kiosk.audio.frames import BLOCK, BLOCK_S, Block, silence
from kiosk.audio.levels import Gain, dbfs
from kiosk.audio.ports import SoundCard, Stream
from kiosk.config.model import AudioConfig
from kiosk.doctor.acoustics import FULL
from kiosk.doctor.aside import aside
from kiosk.errors import SoundError

OPENING: Final = 6.0
"""Seconds in which a device must be open and give its first block."""
SETTLING: Final = 30
"""Blocks at the beginning that say nothing: filters of the card swing in."""
CLOSING: Final = 1.0
LATE: Final = 2.0
"""Seconds by which blocks may be late before the device counts as stalled."""
_LOOK: Final = 0.02


class Take:
    """A recording that goes on; `run` is its thread's work. What it holds may be read meanwhile."""

    def __init__(self, card: SoundCard, config: AudioConfig) -> None:
        self._card = card
        self._config = config
        self._stop = threading.Event()
        self._stream: Stream | None = None
        self._blocks: list[Block] = []
        self._moments: list[float] = []
        self._clipped = 0
        self._seen = 0
        self.running: asyncio.Task[None] | None = None
        self.device = ""
        self.lost = 0
        """Gaps."""
        self.level = -96.0
        """dBFS of the latest block."""

    @property
    def length(self) -> int:
        """Blocks so far, after those of the beginning."""
        return max(0, len(self._blocks) - SETTLING)

    @property
    def clipped(self) -> float:
        """Share of the samples, on any channel, at full scale."""
        return self._clipped / max(1, self._seen)

    def samples(self, first: int = 0) -> Block:
        """48 kHz mono from that block on."""
        return np.concatenate([silence(0), *self._blocks[SETTLING + first :]])

    def began(self) -> float:
        """The monotonic time of the first sample of `samples()`, by the reads that were least late."""
        return min(moment - (index + 1) * BLOCK_S for index, moment in enumerate(self._moments)) + SETTLING * BLOCK_S

    def run(self) -> None:
        """Until it is stopped; raises SoundError."""
        microphone = self._config.microphone
        stream = self._card.open_microphone(microphone.device, self._config.latency, microphone.channel)
        self._stream = stream
        self.device = f"{stream.name}, {stream.rate} Hz × {stream.channels}"
        try:
            convert = ToMono(stream.rate, stream.channels, microphone.channel)
            native = np.zeros((frames(stream.rate), stream.channels), dtype=np.int16)
            while not self._stop.is_set():
                self.lost += stream.read(native) and len(self._blocks) > SETTLING
                self._count(native)
                for block in convert.feed(native):
                    self._moments.append(time.monotonic())
                    self._blocks.append(block.copy())
                    self.level = dbfs(block)
        finally:
            stream.close()

    def stop(self) -> None:
        """Let `run` return."""
        self._stop.set()

    def abort(self) -> None:
        """Even where the device gives nothing."""
        if self._stream is not None:
            self._stream.abort()

    def _count(self, native: Block) -> None:
        loud = (native >= FULL) | (native <= -FULL)
        self._clipped += int(np.count_nonzero(loud.any(axis=1)))
        self._seen += len(native)


@asynccontextmanager
async def recording(card: SoundCard, config: AudioConfig) -> AsyncGenerator[Take]:
    """The microphone, from its first steady block on. Raises SoundError where it cannot be had; closed at the end."""
    take = Take(card, config)
    running = take.running = asyncio.create_task(aside(take.run))
    try:
        await reached(take, 1, OPENING)
        yield take
    finally:
        take.stop()
        await _ended(running, take.abort)


async def reached(take: Take, blocks: int, limit: float | None = None) -> None:
    """So many blocks are there; raises SoundError where they do not come."""
    clock = asyncio.get_running_loop().time
    end = clock() + (limit or (blocks - take.length) * BLOCK_S + LATE)
    while take.length < blocks:
        if take.running is not None and take.running.done():
            take.running.result()
        if clock() > end:
            raise SoundError("the microphone gives no blocks", code="microphone-stalled")
        await asyncio.sleep(_LOOK)


class Playing:
    """Something that is played once; `run` is its thread's work."""

    def __init__(self, card: SoundCard, config: AudioConfig, samples: Block, before: int, after: int) -> None:
        """`before` and `after`: blocks of silence."""
        self._card = card
        self._config = config
        self._stream: Stream | None = None
        self._before = before
        self._after = after
        self.device = ""
        self.began = 0.0
        """Monotonic time at which the first block was handed over."""
        self.played = samples.copy()
        """At the configured gain."""
        gain = Gain(config.speaker.gain)
        for start in range(0, len(self.played), BLOCK):
            gain.apply(self.played[start : start + BLOCK])

    def run(self) -> None:
        """Until all of it is played; raises SoundError."""
        stream = self._card.open_speaker(self._config.speaker.device, self._config.latency)
        self._stream = stream
        self.device = f"{stream.name}, {stream.rate} Hz × {stream.channels}"
        try:
            convert = FromMono(stream.rate, stream.channels)

            def write(samples: Block) -> None:
                for start in range(0, len(samples), BLOCK):
                    native = convert.feed(np.ascontiguousarray(samples[start : start + BLOCK]))
                    if len(native):
                        stream.write(np.ascontiguousarray(native))

            write(silence(self._before))
            self.began = time.monotonic()
            write(self.played)
            write(silence(self._after))
        finally:
            stream.close()

    def abort(self) -> None:
        """Even where the device takes nothing."""
        if self._stream is not None:
            self._stream.abort()


async def played(playing: Playing) -> None:
    """All of it; raises SoundError where the speaker cannot be had or stops."""
    running = asyncio.create_task(aside(playing.run))
    try:
        done, _ = await asyncio.wait([running], timeout=OPENING + LATE + len(playing.played) / BLOCK * BLOCK_S)
        if not done:
            raise SoundError("the speaker takes no more blocks", code="speaker-stalled")
        running.result()
    finally:
        await _ended(running, playing.abort)


async def _ended(running: asyncio.Task[None], abort: Callable[[], None]) -> None:
    """The thread's end, forced after a while, and given up where even that does not help."""
    if not running.done():
        await asyncio.wait([running], timeout=CLOSING)
    if not running.done():
        abort()
        await asyncio.wait([running], timeout=CLOSING)
    if running.done():
        running.exception()
    else:
        running.cancel()
