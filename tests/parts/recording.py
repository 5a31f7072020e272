"""What somebody heard, sample for sample, and when."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 48_000
FRAME = 480
"""Samples in one frame: 10 ms."""

Samples = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Recording:
    """Mono sound at 48 kHz; `times[i]` is the CLOCK_MONOTONIC second at which samples 480*i … 480*i+479 arrived."""

    samples: Samples
    times: NDArray[np.float64]

    def since(self, moment: float) -> Recording:
        """The part that arrived at `moment` (monotonic seconds) or later."""
        first = int(np.searchsorted(self.times, moment))
        return Recording(self.samples[first * FRAME :], self.times[first:])

    def heard_at(self, sample: int) -> float:
        """When that sample was at the ear: the frame's arrival plus its place in the frame."""
        return float(self.times[sample // FRAME]) + (sample % FRAME) / RATE

    def first_loud(self, level: float = -40.0) -> float | None:
        """Arrival of the first frame whose peak is above `level` dBFS."""
        frames = self.samples[: len(self.times) * FRAME].reshape(-1, FRAME)
        loud = np.flatnonzero(np.abs(frames.astype(np.int32)).max(axis=1) > 32768 * 10 ** (level / 20))
        return float(self.times[loud[0]]) if len(loud) else None

    def save(self, stem: Path) -> None:
        """Writes `stem`.wav and `stem`.npy (the times)."""
        write_wav(stem.with_suffix(".wav"), self.samples)
        np.save(stem.with_suffix(".npy"), self.times)

    @staticmethod
    def load(stem: Path) -> Recording:
        """What `save` wrote."""
        samples, _ = read_wav(stem.with_suffix(".wav"))
        return Recording(samples, np.load(stem.with_suffix(".npy")))


class Recorder:
    """Collects frames while they arrive."""

    def __init__(self) -> None:
        self._frames: list[Samples] = []
        self._times: list[float] = []

    def add(self, frame: Samples, moment: float) -> None:
        """One frame of 480 samples; it is kept, not copied."""
        self._frames.append(frame)
        self._times.append(moment)

    def so_far(self) -> Recording:
        """Everything up to now."""
        samples = np.concatenate(self._frames) if self._frames else np.zeros(0, np.int16)
        return Recording(samples, np.array(self._times))


def read_wav(path: Path) -> tuple[Samples, int]:
    """Samples of a 16-bit WAV file (the first channel) and its rate."""
    with wave.open(str(path)) as file:
        data = np.frombuffer(file.readframes(file.getnframes()), np.dtype("<i2"))
        return data[:: file.getnchannels()].astype(np.int16), file.getframerate()


def write_wav(path: Path, samples: Samples, rate: int = RATE) -> None:
    """A mono 16-bit WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
