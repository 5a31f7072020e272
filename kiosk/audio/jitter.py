"""The agent's voice on its way to the speaker: a bounded queue that swallows jitter and follows the sound card's clock."""

from __future__ import annotations

import math
import threading
from typing import Final

import numpy as np

from kiosk.audio.drift import AFTER, BEFORE, LIMIT, SPAN, Interpolator, Samples, consumed
from kiosk.audio.frames import BLOCK, RATE, Block, milliseconds

TARGET: Final = 25 * RATE // 1000
"""Samples that stand in the queue as a block is taken: 12 ms are needed for the block and its fade, 13 ms are for jitter.

Measured on LiveKit's AudioStream in a call on two busy cores: 99 of 100 blocks come 6 to 12 ms late or less.
Less does not do even where they come on time: as the two clocks slide past each other, a block that came just before it was wanted comes
just after, and the queue is a whole block shorter at once. In virtual time, 50 ppm apart and 1 to 6 ms late, underruns in 10 minutes: 2 to
23 at 17 ms, 0 to 6 at 20 ms, 0 to 3 at 22 ms, none at 23 and 25 ms."""
WIDEST: Final = 60 * RATE // 1000
"""Samples up to which the target grows where blocks keep coming late, by 5 ms with each underrun; it shrinks by 5 ms in half a minute."""
LIMIT_SAMPLES: Final = 200 * RATE // 1000
"""Above 200 ms the oldest goes, whatever it is."""
WINDOW: Final = 50
"""Blocks over which the lowest depth is sought: what is above the target in all of half a second is no jitter but left behind by a
stall, and goes away block by block where the agent pauses, without a word lost."""
_CAPACITY: Final = 1 << 15
_FADE: Final = 240
"""Samples of a cross-fade, 5 ms: long enough that a jump in a voice is no click."""
_RESERVE: Final = 96
"""Samples never played ahead of an underrun, so that there is something to fade out: 2 ms."""
_WIDEN: Final = 5 * RATE // 1000
_NARROW: Final = _WIDEN / 3000.0
_QUIET: Final = 180.0
"""Peak below which a block counts as a pause: -45 dBFS."""
_SMOOTHING: Final = BLOCK / RATE / 2.0
"""Share of a new depth in the smoothed one: a time constant of 2 s hides the jitter from the drift control."""
_STEER: Final = LIMIT / BLOCK
"""Ratio per sample of depth: 10 ms off are 1000 ppm. A loop 10 s slow, five times the smoothing: no swing; 200 ppm cost 2 ms of depth."""


class JitterQueue:
    """push() from one thread, pop() from another, each in blocks of 480 samples; allocates nothing that lasts after construction."""

    def __init__(self) -> None:
        self.dropped = 0
        """Samples left out because too many stood in the queue."""
        self.underruns = 0
        self._lock = threading.Lock()
        self._ring = np.zeros(_CAPACITY, dtype=np.int16)
        self._read = BEFORE
        self._write = BEFORE
        self._fraction = 0.0
        self._playing = self._flushing = False
        self._target = float(TARGET)
        self._depth = 0.0
        self._lowest = self._surplus = 0
        self._looked = 0
        self._interpolator = Interpolator()
        self._source: Samples = np.zeros(SPAN, dtype=np.float32)
        self._mixed: Samples = np.zeros(BLOCK, dtype=np.float32)
        self._other: Samples = np.zeros(BLOCK, dtype=np.float32)
        self._rise = (0.5 - 0.5 * np.cos(np.pi * (np.arange(_FADE) + 0.5) / _FADE)).astype(np.float32)

    @property
    def queued_ms(self) -> float:
        """How much stands in the queue now."""
        return milliseconds(self._write - self._read)

    def push(self, block: Block) -> None:
        """Add the newest 480 samples; where nobody takes any, the oldest go."""
        with self._lock:
            start = self._write % _CAPACITY
            first = min(BLOCK, _CAPACITY - start)
            self._ring[start : start + first] = block[:first]
            self._ring[: BLOCK - first] = block[first:]
            self._write += BLOCK
            if not self._playing and self._write - self._read > LIMIT_SAMPLES:
                self._skip(self._write - self._read - TARGET)
            elif self._write - self._read > _CAPACITY - 2 * SPAN:
                self._playing = False
                self._skip(self._write - self._read - TARGET)

    def flush(self) -> None:
        """Forget what stands in the queue; what sounds now ends in a short fade."""
        with self._lock:
            self._flushing = True

    def pop(self, out: Block) -> bool:
        """Fill `out` with the next 480 samples, silence where there are none; True while the agent's track sounds."""
        with self._lock:
            return self._pop(out)

    def _pop(self, out: Block) -> bool:
        depth = self._write - self._read
        if self._flushing or (self._playing and depth < SPAN + _RESERVE):
            return self._end(out, depth)
        if not self._playing and depth < self._target:
            out[:] = 0
            return False
        starting = not self._playing
        if starting:
            depth = self._begin(depth)
        self._observe(depth)
        ratio = 1.0 + min(LIMIT, max(-LIMIT, (self._depth - self._target) * _STEER))
        self._load(0, self._fraction, ratio, self._mixed)
        if starting:
            self._mixed[:_FADE] *= self._rise
        else:
            self._leave_out(depth, ratio)
        whole, self._fraction = consumed(self._fraction, ratio)
        self._read += whole
        np.rint(self._mixed, out=self._mixed)
        np.clip(self._mixed, -32_768, 32_767, out=self._mixed)
        out[:] = self._mixed
        return True

    def _begin(self, depth: int) -> int:
        """Begin at the target where only silence is left out for it, as before an agent's first word; else the drift control gets there.

        Blocks come whole, so up to one too much stands here. Returns what stands here then.
        """
        excess = min(depth - math.ceil(self._target), BLOCK)
        self._load(0, 0.0, 1.0, self._mixed)
        if excess > 0 and np.abs(self._mixed[:excess]).max() < _QUIET:
            self._read += excess
            self.dropped += excess
            depth -= excess
        self._playing, self._depth, self._fraction = True, float(depth), 0.0
        self._lowest, self._looked, self._surplus = depth, 0, 0
        return depth

    def _observe(self, depth: int) -> None:
        self._depth += (depth - self._depth) * _SMOOTHING
        self._target = max(float(TARGET), self._target - _NARROW)
        self._lowest = min(self._lowest, depth)
        self._looked += 1
        if self._looked == WINDOW:
            self._surplus = int(self._lowest - self._target)
            self._lowest, self._looked = depth, 0

    def _leave_out(self, depth: int, ratio: float) -> None:
        """Cross-fade to a later place where there is too much: over one block in a pause, over any once the bound is reached."""
        if depth > LIMIT_SAMPLES:
            jump = depth - int(self._target)
        elif self._surplus >= BLOCK and depth >= BLOCK + self._target and np.abs(self._mixed).max() < _QUIET:
            jump = BLOCK
        else:
            return
        self._load(jump, self._fraction, ratio, self._other)
        self._other[:_FADE] -= self._mixed[:_FADE]
        self._other[:_FADE] *= self._rise
        self._other[:_FADE] += self._mixed[:_FADE]
        self._mixed[:] = self._other
        self._skip(jump)

    def _skip(self, samples: int) -> None:
        self._read += samples
        self._depth -= samples
        self._lowest -= samples
        self._surplus -= samples
        self.dropped += samples

    def _end(self, out: Block, depth: int) -> bool:
        """The queue runs dry or is flushed: a short fade, then silence; after an underrun what is left waits for the target."""
        sounding, length = self._playing, 0
        out[:] = 0
        if sounding:
            self._load(0, self._fraction, 1.0, self._mixed)
            length = max(0, min(_FADE, depth - AFTER))
            out[:length] = self._mixed[:length] * np.linspace(1.0, 0.0, length, dtype=np.float32)
        if self._flushing:
            self._read = self._write
        else:
            self._read += length
            self.underruns += 1
            self._target = min(float(WIDEST), self._target + _WIDEN)
        self._playing = self._flushing = False
        return sounding

    def _load(self, ahead: int, fraction: float, ratio: float, into: Samples) -> None:
        """Read one block that begins `ahead` samples after the place of reading."""
        start = (self._read + ahead - BEFORE) % _CAPACITY
        first = min(SPAN, _CAPACITY - start)
        self._source[:first] = self._ring[start : start + first]
        self._source[first:] = self._ring[: SPAN - first]
        self._interpolator.read(self._source, fraction, ratio, into)
