"""What is sent through rooms and processing in these tests."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

from kiosk.audio.frames import BLOCK, RATE, Block
from tests.parts.process import ROOT
from tests.parts.recording import read_wav

Curve = NDArray[np.float64]


def sweeps(seconds: float, seed: int = 1) -> Block:
    """Eight voices at once between 200 and 3,500 Hz, each gliding anew every 20 ms: a window of 20 ms is found in one place only."""
    random = np.random.default_rng(seed)
    length = int(0.02 * RATE)
    total: Curve = np.zeros(int(seconds * RATE) // length * length)
    for _ in range(8):
        tones = np.repeat(random.uniform(200.0, 3500.0, len(total) // length), length)
        total += np.sin(np.cumsum(2.0 * np.pi * tones / RATE) + random.uniform(0.0, 6.0))
    return (total * 0.05 * 32767.0).astype(np.int16)


def spoken() -> Block:
    """A spoken sentence of 3.6 s in whole blocks, from its first sample on."""
    samples, rate = read_wav(ROOT / "kiosk" / "sim" / "speech" / "visitor.wav")
    at_48k = samples if rate == RATE else soxr.resample(samples, rate, RATE)
    return at_48k[: len(at_48k) // BLOCK * BLOCK]
