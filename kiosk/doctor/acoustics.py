"""What a recording says of a microphone, and of the way from the speaker to it. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kiosk.audio.frames import BLOCK, RATE, Block
from kiosk.audio.levels import SILENT, dbfs, dbfs_of, ratio

FULL: Final = 32_767
WINDOW: Final = RATE // 10
"""Samples whose level is one reading of the noise."""
CHIRP_S: Final = 0.5
CHIRP_HZ: Final = (300.0, 5000.0)
"""What the smallest speakers and microphones still carry."""
PEAK: Final = ratio(-12.0)
_EDGE_S: Final = 0.02
NEAR: Final = RATE // 20
"""Samples around the peak of a correlation that are the chirp's own and the room's."""
SHARP: Final = 8.0
"""Times the rest of the correlation that its peak stands out where the chirp is in a recording. The greatest of 50,000 normal values,
which is what noise gives, stands at 4.4."""
PARTS: Final = 3
"""Into which the chirp is taken apart; a small speaker may lack the lowest of them."""
WANDER: Final = RATE // 500
"""Samples by which a part may be off: the clocks of two cards differ."""

Samples = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Noise:
    """A microphone to which nobody speaks. Levels in dBFS, shares from 0 to 1."""

    floor_dbfs: float
    """The median of readings of 100 ms, without the offset."""
    peak_dbfs: float
    clipped: float
    """Share of the samples at full scale."""
    offset: float
    """Mean, as a share of full scale."""
    dead: bool
    """Every sample is the same: no microphone is as quiet as that."""


@dataclass(frozen=True, slots=True)
class Echo:
    """How what was played came back."""

    delay_ms: float
    """From the moment at which the first block was handed to the speaker."""
    attenuation_db: float
    """By how much the direct sound is quieter than what was played; negative where it is louder."""


def noise(samples: Block, clipped: float) -> Noise:
    """`samples`: 48 kHz mono, a window or more; `clipped`: told by who saw the device's own channels."""
    offset = float(np.mean(samples, dtype=np.float64))
    windows = samples[: len(samples) // WINDOW * WINDOW].astype(np.float64).reshape(-1, WINDOW)
    levels = [dbfs_of(float(np.var(window))) for window in windows]
    return Noise(
        floor_dbfs=float(np.median(levels)),
        peak_dbfs=dbfs_of(float(np.max(np.abs(samples.astype(np.float64)))) ** 2),
        clipped=clipped,
        offset=offset / FULL,
        dead=bool(samples.min() == samples.max()),
    )


def loudest(samples: Block, blocks: int = 30) -> float:
    """dBFS of the loudest stretch of so many blocks of 10 ms."""
    window = BLOCK * blocks
    starts = range(0, max(1, len(samples) - window + 1), BLOCK)
    return max((dbfs(samples[start : start + window]) for start in starts), default=SILENT) if len(samples) else SILENT


def chirp() -> Block:
    """A tone that rises evenly by octaves, 48 kHz mono, peak -12 dBFS, a whole number of blocks."""
    time = np.arange(round(CHIRP_S * RATE)) / RATE
    low, high = CHIRP_HZ
    octaves = math.log(high / low)
    phase = 2 * np.pi * low * CHIRP_S / octaves * (np.exp(time / CHIRP_S * octaves) - 1.0)
    edge = np.minimum(np.minimum(time, time[::-1]) / _EDGE_S, 1.0)
    shape = 0.5 - 0.5 * np.cos(np.pi * edge)
    return np.rint(np.sin(phase) * shape * PEAK * FULL).astype(np.int16)


def echo(played: Block, heard: Block, began: float) -> Echo | None:
    """Where and how loud `played` is in the recording; None where it is not. `began`: seconds of it at which the playing began."""
    if len(heard) < len(played) + 2 * NEAR or not played.any():
        return None
    sound, pattern = heard.astype(np.float64), played.astype(np.float64)
    sound -= np.mean(sound)
    likeness = _correlation(sound, pattern)
    likeness[: max(0, round(began * RATE))] = 0.0
    place = int(np.argmax(np.abs(likeness)))
    elsewhere = np.concatenate([likeness[: max(0, place - NEAR)], likeness[place + NEAR :]])
    rest = math.sqrt(float(np.mean(elsewhere**2))) if len(elsewhere) else 0.0
    energy = float(np.dot(pattern, pattern))
    amplitude = abs(float(likeness[place])) / energy
    # One step of 16 bits, correlated, is no sound.
    if amplitude * float(np.max(np.abs(pattern))) < 1.0 or abs(float(likeness[place])) < SHARP * rest:
        return None
    if not _whole(sound, pattern, place):
        return None
    return Echo(delay_ms=(place / RATE - began) * 1000.0, attenuation_db=-20.0 * math.log10(amplitude))


def _whole(sound: Samples, pattern: Samples, place: int) -> bool:
    """Most of the pattern's parts are there, each in its place: pieces of it, or a part by chance, are no way back to be measured."""
    size = len(pattern) // PARTS
    found = 0
    for start in range(0, PARTS * size, size):
        likeness = np.abs(_correlation(sound, pattern[start : start + size]))
        near = slice(max(0, place + start - WANDER), place + start + WANDER)
        found += float(np.max(likeness[near], initial=0.0)) > SHARP / 2 * math.sqrt(float(np.mean(likeness**2)))
    return found >= PARTS - 1


def _correlation(sound: Samples, pattern: Samples) -> Samples:
    """At each place at which the whole pattern fits."""
    length = 1 << (len(sound) + len(pattern)).bit_length()
    spectrum = np.fft.rfft(sound, length) * np.conj(np.fft.rfft(pattern, length))
    return np.fft.irfft(spectrum, length)[: len(sound) - len(pattern) + 1]
