"""A resampler for ratios next to one: takes out the difference between two clocks without a click and almost without delay."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kiosk.audio.frames import BLOCK

BEFORE: Final = 1
AFTER: Final = 2
"""Samples that the cubic needs before and after the place it reads."""
LIMIT: Final = 0.001
"""Largest departure from one, 1000 ppm: five times what a bad crystal does, and 1.7 cents, far below what an ear notices."""
SPAN: Final = BEFORE + int(BLOCK * (1.0 + LIMIT)) + 2 + AFTER
"""Samples that one block can need at most."""

Samples = NDArray[np.float32]


def consumed(fraction: float, ratio: float) -> tuple[int, float]:
    """How far a block moves on: whole samples, and the fraction where the next block begins."""
    end = fraction + BLOCK * ratio
    whole = int(end)
    return whole, end - whole


class Interpolator:
    """Cubic Hermite (Catmull-Rom) reading of 480 samples at even distances of `ratio`, from preallocated memory."""

    def __init__(self) -> None:
        self._count: Samples = np.arange(BLOCK, dtype=np.float32)
        self._t: Samples = np.zeros(BLOCK, dtype=np.float32)
        self._u: Samples = np.zeros(BLOCK, dtype=np.float32)
        self._v: Samples = np.zeros(BLOCK, dtype=np.float32)

    def read(self, source: Samples, fraction: float, ratio: float, out: Samples) -> None:
        """Fill `out` (480) from `source` (SPAN samples), whose sample BEFORE is at place 0; the first is read at `fraction`."""
        drift = ratio - 1.0
        np.multiply(self._count, drift, out=self._t)
        self._t += fraction
        # The fraction leaves [0, 1) at most once in a block, where the reading slips by one sample against the writing.
        if drift > 0:
            slip, step = math.ceil((1.0 - fraction) / drift), 1
        elif drift < 0:
            slip, step = math.floor(fraction / -drift) + 1, -1
        else:
            slip, step = BLOCK, 0
        slip = min(slip, BLOCK)
        self._cubic(source, 0, slip, 0, out)
        if slip < BLOCK:
            self._t[slip:] -= step
            self._cubic(source, slip, BLOCK, step, out)

    def _cubic(self, source: Samples, start: int, end: int, shift: int, out: Samples) -> None:
        """b + t/2 (c - a + t (a - 2b + c + (t - 1) (3(b - c) + d - a))) for the outputs from `start` to `end`."""
        a, b, c, d = (source[start + shift + tap : end + shift + tap] for tap in range(4))
        t, u, v, h = self._t[start:end], self._u[start:end], self._v[start:end], out[start:end]
        np.subtract(b, c, out=h)
        np.subtract(a, b, out=u)
        u -= h
        h *= 3.0
        h += d
        h -= a
        np.subtract(t, 1.0, out=v)
        h *= v
        h += u
        h *= t
        h += c
        h -= a
        h *= t
        h *= 0.5
        h += b
