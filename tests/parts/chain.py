"""Finds, for each short frame of one sound, where it is in another, in order: the best chain of matches over all frames at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

RATE = 8_000
"""Samples per second while comparing: speech codecs keep the waveform in the low frequencies and draw the rest anew."""
HOP = 0.01
CANDIDATES = 8
WORST = 0.45
"""Correlation below which two frames have nothing to do with each other."""
SKIPPED = 0.12
"""What a frame left unmatched costs the chain, in units of correlation."""
JUMP = 0.6
"""What a sudden change of the delay within running speech costs."""
PERIOD = 0.016
"""Longest pitch period in seconds: what a jitter buffer takes out or puts in at a time."""
SLIP = 0.05, 12.5
"""What a change of the delay by no more than that costs: once, and for each second of it."""
SLOWEST = 0.3
"""Least advance in one sound for each second of the other; a jitter buffer in a hurry makes it 0.5, in steps of pitch periods."""
SLACK = 0.0015
"""Seconds by which the delay may wander from frame to frame for nothing: resamplers and drift."""
QUIET = 5.0
"""Root mean square, in 16-bit steps, of what counts as digital silence and is like nothing."""
PAUSE = 0.06
"""Frames farther apart than this have a pause between them, which may shrink or grow."""

Sound = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Match:
    """A frame of the source that begins at `source` seconds and is heard at `heard` seconds, as similar as `likeness` (0 to 1)."""

    source: float
    heard: float
    likeness: float


def prepare(samples: NDArray[np.int16], rate: int) -> Sound:
    """To 8 kHz without the rumble below 100 Hz, which correlates with everything."""
    sound = np.asarray(soxr.resample(samples.astype(np.float64), rate, RATE), dtype=np.float64)
    width = RATE // 100
    weights: Sound = np.hanning(width) / np.sum(np.hanning(width))
    slow = np.convolve(sound, weights, mode="same")
    return sound - np.asarray(slow, dtype=np.float64)


class Haystack:
    """A sound in which windows are sought."""

    def __init__(self, sound: Sound) -> None:
        self._sound = sound
        self._energy = np.concatenate(([0.0], np.cumsum(sound**2)))
        self._length = 1 << int(np.ceil(np.log2(2 * max(1, len(sound)))))
        self._spectrum = np.fft.rfft(sound, self._length)

    def likeness(self, window: Sound, first: int, last: int) -> Sound:
        """Normalised cross-correlation of `window` (no longer than the sound) with every place from `first` to `last`.

        Fewer places where the sound ends before, the first of them `max(first, 0)`.
        """
        size, first = len(window), max(0, first)
        last = min(last, len(self._sound) - size)
        if last < first:
            return np.zeros(0)
        if last - first < self._length // 64:
            products = np.correlate(self._sound[first : last + size], window, "valid")[: last - first + 1]
        else:
            products = np.fft.irfft(self._spectrum * np.conj(np.fft.rfft(window, self._length)), self._length)[first : last + 1]
        places = np.arange(first, last + 1)
        power = np.maximum(self._energy[places + size] - self._energy[places], 0.0)
        return products / np.sqrt((power + size * QUIET**2) * float(np.sum(window**2)) + 1e-9)

    def best_places(self, window: Sound, first: int, last: int) -> tuple[NDArray[np.int64], Sound]:
        """The most likely places of `window` from `first` to `last`, at most CANDIDATES, and their likeness."""
        values = self.likeness(window, first, last)
        padded = np.concatenate(([-1.0], values, [-1.0]))
        peaks = np.flatnonzero((values >= padded[:-2]) & (values > padded[2:]) & (values >= WORST))
        peaks = peaks[np.argsort(values[peaks])[::-1][:CANDIDATES]]
        return peaks + max(0, first), values[peaks]


def chain(starts: NDArray[np.int64], places: list[NDArray[np.int64]], values: list[Sound], size: int) -> list[Match]:
    """Of every frame's candidate places the chain with the greatest sum of likeness, ever onward in both sounds.

    starts, places: samples at 8 kHz. size: samples in a frame.
    """
    owner = np.repeat(np.arange(len(starts)), [len(found) for found in places])
    if not len(owner):
        return []
    at, heard = starts[owner], np.concatenate(places)
    worth = np.concatenate(values)
    gain = worth - WORST
    score, before = gain - SKIPPED * owner, np.full(len(owner), -1)
    bounds = np.searchsorted(owner, np.arange(len(starts) + 1))
    for frame in range(1, len(starts)):
        here, earlier = slice(bounds[frame], bounds[frame + 1]), bounds[frame]
        if here.start == here.stop or not earlier:
            continue
        onward: Sound = (starts[frame] - at[:earlier][:, None]).astype(np.float64)
        moved: Sound = (heard[here][None, :] - heard[:earlier][:, None]).astype(np.float64)
        total = score[:earlier][:, None] + gain[here][None, :] - SKIPPED * (frame - 1 - owner[:earlier])[:, None] - _cost(onward, moved)
        total[moved < np.minimum(SLOWEST * onward, size)] = -np.inf
        best = np.argmax(total, axis=0)
        gained = total[best, np.arange(total.shape[1])]
        better = gained > score[here]
        score[here] = np.where(better, gained, score[here])
        before[here] = np.where(better, best, -1)
    return _unwind(int(np.argmax(score + SKIPPED * owner)), before, at, heard, worth)


def _cost(onward: Sound, moved: Sound) -> Sound:
    change = np.abs(moved - onward) / RATE
    sudden = np.where(change <= PERIOD, SLIP[0] + SLIP[1] * change, JUMP + 0.5 * np.minimum(change, 2.0))
    paused = 0.3 + 0.05 * np.minimum(change, 2.0)
    return np.where(change <= SLACK, 20.0 * change, np.where(onward > PAUSE * RATE, paused, sudden))


def _unwind(last: int, before: NDArray[np.int64], at: NDArray[np.int64], heard: NDArray[np.int64], worth: Sound) -> list[Match]:
    found: list[Match] = []
    while last >= 0:
        found.append(Match(float(at[last]) / RATE, float(heard[last]) / RATE, float(worth[last])))
        last = int(before[last])
    return found[::-1]
