"""Was this sentence heard, and where: by correlation, window by window."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from kiosk.audio.frames import RATE, Block

WINDOW: Final = RATE // 10
"""Samples compared at once: 100 ms."""
REACH: Final = RATE // 25
"""How far (40 ms) a window may lie from where the whole lies: a jitter buffer stretches and compresses."""
ALIKE: Final = 0.7
"""Normalised correlation from which a window counts as heard; a sound that is not there reaches about 0.3."""
ACTIVE: Final = 0.06
"""RMS relative to the loudest window from which a window counts as speech (-24 dB)."""

Wave = NDArray[np.float64]


class Likeness(NamedTuple):
    """`offset`: where in the heard sound the sentence begins (samples); `share`: how much of its speech is there, 0 to 1."""

    offset: int
    share: float


def find(sentence: Block, heard: Block) -> Likeness:
    """The likeliest place of `sentence` in `heard` (48 kHz mono, any lengths) and how much of it is there."""
    wanted, sound = sentence.astype(np.float64), heard.astype(np.float64)
    if len(sound) < WINDOW:
        return Likeness(0, 0.0)
    offset = int(np.argmax(_correlation(wanted, sound)))
    starts = range(0, len(wanted) - WINDOW + 1, WINDOW)
    levels = [float(np.sqrt(np.mean(wanted[start : start + WINDOW] ** 2))) for start in starts]
    active = [start for start, level in zip(starts, levels, strict=True) if level >= ACTIVE * max(levels)]
    alike = [_best(wanted[start : start + WINDOW], sound, offset + start) >= ALIKE for start in active]
    return Likeness(offset, sum(alike) / max(1, len(alike)))


def _correlation(wanted: Wave, sound: Wave) -> Wave:
    size = 1 << (len(wanted) + len(sound)).bit_length()
    fft = cast(Any, np.fft)
    spectrum = fft.rfft(sound, size) * np.conj(fft.rfft(wanted, size))
    return cast(Wave, fft.irfft(spectrum, size)[: len(sound)])


def _best(window: Wave, sound: Wave, place: int) -> float:
    near = sound[max(0, place - REACH) : place + len(window) + REACH]
    if len(near) < len(window):
        return 0.0
    products = np.correlate(near, window, "valid")
    energy = np.concatenate([[0.0], np.cumsum(near**2)])
    norms = np.sqrt((energy[len(window) :] - energy[: -len(window)]) * float(np.dot(window, window)))
    return float(np.max(products / np.maximum(norms, 1.0)))
