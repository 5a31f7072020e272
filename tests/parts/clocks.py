"""Two clocks that differ, in virtual time: a sender on one, a speaker on the other, the jitter queue between; and meters for clicks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from kiosk.audio.frames import BLOCK, RATE, Block, silence
from kiosk.audio.jitter import JitterQueue

TONE: Final = 1000.0
AMPLITUDE: Final = 16_000.0
_ABOVE: Final = 9500.0
"""Hz above which speech that was sampled at 16 kHz has nothing, and a click has half of its energy."""
_TAPS: Final = 255


def tone(number: int) -> Block:
    """The block of that number of a steady tone."""
    time = (number * BLOCK + np.arange(BLOCK)) / RATE
    return np.rint(AMPLITUDE * np.sin(2 * np.pi * TONE * time)).astype(np.int16)


def loudest_in_tone(samples: Block) -> float:
    """dBFS of the largest sample that a steady tone does not explain: x[n+1] + x[n-1] - 2 cos(w) x[n] is zero for it."""
    x = samples.astype(np.float64)
    return _dbfs(x[2:] + x[:-2] - 2.0 * np.cos(2 * np.pi * TONE / RATE) * x[1:-1])


def loudest_in_speech(samples: Block) -> float:
    """dBFS of the largest sample above the band of speech that was once sampled at 16 kHz."""
    places = np.arange(_TAPS) - _TAPS // 2
    low = 2 * _ABOVE / RATE * np.sinc(2 * _ABOVE / RATE * places) * np.blackman(_TAPS)
    high = (places == 0) - low / low.sum()
    return _dbfs(np.asarray(np.convolve(samples.astype(np.float64), high, "valid"), dtype=np.float64))


def _dbfs(samples: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    return 20.0 * np.log10(max(float(np.abs(samples).max()), 1.0) / 32_768)


class Ends:
    """A sender on the loop's timer, each block up to `jitter` seconds late, and a speaker whose clock runs `ppm` slow."""

    def __init__(self, ppm: float = 0.0, jitter: float = 0.0, voice: Callable[[int], Block] = tone) -> None:
        self.queue = JitterQueue()
        self.played: list[Block] = []
        self.sounded: list[bool] = []
        self.depths: list[float] = []
        """Milliseconds in the queue after each block that the speaker took."""
        self._voice = voice
        self._step = 0.01 * (1.0 + ppm * 1e-6)
        self._random = np.random.default_rng(7)
        self._jitter = jitter
        self._sent = self._taken = 0

    def run(self, blocks: int, *, quiet: bool = False, stalled: bool = False) -> None:
        """Let the speaker take so many blocks; the sender says nothing while `quiet`, and sends nothing while `stalled`."""
        for _ in range(blocks):
            now = self._taken * self._step
            while not stalled and self._sent * 0.01 + self._random.random() * self._jitter <= now:
                self.queue.push(silence() if quiet else self._voice(self._sent))
                self._sent += 1
            out = silence()
            self.sounded.append(self.queue.pop(out))
            self.played.append(out)
            self.depths.append(self.queue.queued_ms)
            self._taken += 1
