"""What became of a sentence on its way: each window of its speech, sought in order in what was heard."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, cast

import numpy as np
import soxr
from numpy.typing import NDArray

from kiosk.audio.frames import RATE, Block

COARSE: Final = 16_000
"""Samples per second at which windows are compared: all that a voice has to tell apart, at a third of the work."""
WINDOW: Final = COARSE // 10
"""Samples in a window: 100 ms."""
BAND: Final = (300.0, 3_400.0)
"""Hz that are compared, the telephone's band: the canceller's high-pass turns phases below it, and a codec draws anew what is above."""
ALIKE: Final = 0.6
"""Normalised correlation from which a window counts as heard; a sentence after canceller and codec has 0.9 in most."""
ACTIVE: Final = 0.06
"""RMS relative to the loudest window from which a window counts as speech (-24 dB)."""
CLOSEST: Final = WINDOW * 9 // 10
"""Two windows lie at least so far apart in what was heard: a jitter buffer compresses, but nothing is heard for two."""
CANDIDATES: Final = 8
"""Places that are looked at for each window, the likeliest ones."""
JUMP: Final = 0.15
"""What a change of delay costs, so that a steady vowel stays where its neighbours are."""
STEADY: Final = COARSE // 25
"""Samples (40 ms) by which the delay may change for nothing."""

FAINT: Final = 30.0
"""RMS (-61 dBFS) below which nothing is alike to anything."""

Wave = NDArray[np.float64]


class Place(NamedTuple):
    """A window of the sentence from `start` on, at `at` in what was heard (samples at COARSE)."""

    start: int
    at: int
    likeness: float


class Trace(NamedTuple):
    """lost_ms: speech that is nowhere, in order; likeness: mean normalised correlation of all speech, lost speech as 0; begin_s: where
    in what was heard the first window found lies, minus its place in the sentence."""

    lost_ms: float
    likeness: float
    begin_s: float


def trace(sentence: Block, heard: Block) -> Trace:
    """Seeks `sentence` in `heard` (48 kHz mono, any lengths); pauses in between may have grown or shrunk. Slow: some 0.3 s for 10 s."""
    wanted, sound = _coarse(sentence), _coarse(heard)
    starts = _speech(wanted)
    if not starts or len(sound) < WINDOW:
        return Trace(100.0 * len(starts), 0.0, 0.0)
    hay = _Hay(sound)
    chain = _chain([_candidates(hay, wanted[start : start + WINDOW], start) for start in starts])
    if not chain:
        return Trace(100.0 * len(starts), 0.0, 0.0)
    likeness = sum(place.likeness for place in chain) / len(starts)
    return Trace(100.0 * (len(starts) - len(chain)), likeness, (chain[0].at - chain[0].start) / COARSE)


def onset(sentence: Block) -> float:
    """Seconds into the sentence at which its speech begins (by windows of 100 ms)."""
    return _speech(_coarse(sentence))[0] / COARSE


class _Hay:
    """A sound prepared for many searches."""

    def __init__(self, sound: Wave) -> None:
        self._size = 1 << (len(sound) + WINDOW).bit_length()
        self._spectrum = cast(Any, np.fft).rfft(sound, self._size)
        energy = np.concatenate([[0.0], np.cumsum(sound**2)])
        self._norm: Wave = np.sqrt(np.maximum(energy[WINDOW:] - energy[:-WINDOW], WINDOW * FAINT**2))

    def likeness(self, window: Wave) -> Wave:
        """Normalised correlation at every place."""
        fft = cast(Any, np.fft)
        products = fft.irfft(self._spectrum * np.conj(fft.rfft(window, self._size)), self._size)[: len(self._norm)]
        return cast(Wave, products / (self._norm * max(1.0, float(np.linalg.norm(window)))))


def _coarse(samples: Block) -> Wave:
    """At COARSE and without what is outside BAND, with edges 100 Hz wide."""
    fft, sound = cast(Any, np.fft), cast(Wave, cast(Any, soxr).resample(samples.astype(np.float64), RATE, COARSE))
    pitch = cast(Wave, fft.rfftfreq(len(sound), 1.0 / COARSE))
    inside = np.clip((pitch - BAND[0]) / 100.0 + 0.5, 0.0, 1.0) * np.clip((BAND[1] - pitch) / 100.0 + 0.5, 0.0, 1.0)
    return cast(Wave, fft.irfft(fft.rfft(sound) * inside, len(sound)))


def _speech(sound: Wave) -> list[int]:
    starts = range(0, len(sound) - WINDOW + 1, WINDOW)
    levels = [float(np.sqrt(np.mean(sound[start : start + WINDOW] ** 2))) for start in starts]
    return [start for start, level in zip(starts, levels, strict=True) if level >= ACTIVE * max(levels)]


def _candidates(hay: _Hay, window: Wave, start: int) -> list[Place]:
    likeness = hay.likeness(window)
    found: list[Place] = []
    while len(found) < CANDIDATES and (best := float(likeness[at := int(np.argmax(likeness))])) >= ALIKE:
        found.append(Place(start, at, best))
        likeness[max(0, at - STEADY // 4) : at + STEADY // 4] = 0.0
    return found


def _chain(windows: list[list[Place]]) -> list[Place]:
    """The likeliest places that are in order and do not overlap, at most one for each window."""
    places = [place for window in windows for place in window]
    score: list[float] = []
    before: list[int] = []
    for index, place in enumerate(places):
        options = [(score[at] - _cost(places[at], place), at) for at in range(index) if _follows(places[at], place)]
        best, earlier = max(options, default=(0.0, -1))
        score.append(place.likeness + best)
        before.append(earlier)
    chain: list[Place] = []
    index = int(np.argmax(score)) if score else -1
    while index >= 0:
        chain.append(places[index])
        index = before[index]
    return chain[::-1]


def _follows(earlier: Place, later: Place) -> bool:
    return earlier.start < later.start and later.at - earlier.at >= CLOSEST


def _cost(earlier: Place, later: Place) -> float:
    shift = (later.at - later.start) - (earlier.at - earlier.start)
    return JUMP if abs(shift) > STEADY else 0.0
