"""The shape of sound inside the daemon: 48 kHz, mono, signed 16 bit, blocks of exactly 10 ms."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

RATE: Final = 48_000
"""Samples per second everywhere between the sound card's resampler and LiveKit (Opus' own rate)."""
BLOCK: Final = 480
"""Samples in one block: 10 ms, the only frame length that LiveKit's direct path and its canceller take."""
BLOCK_S: Final = BLOCK / RATE
"""Seconds in one block."""

Block = NDArray[np.int16]
"""Samples of dtype int16, shape (480,) unless a docstring says otherwise."""


def silence(blocks: int = 1) -> Block:
    """Zeros, shape (blocks * 480,)."""
    return np.zeros(blocks * BLOCK, dtype=np.int16)


def milliseconds(samples: int) -> float:
    """How long that many samples last at RATE."""
    return samples * 1000.0 / RATE
