"""Loudness of a block, gain and mixing: the arithmetic on int16 samples, without overflow."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kiosk.audio.frames import BLOCK, Block

SILENT: Final = -96.0
"""What `dbfs` says of digital silence: the floor of 16 bit samples."""
_FULL_SCALE: Final = 32_768.0


def dbfs(block: Block) -> float:
    """RMS level in dB below a full-scale square wave, from -96 to 0; any shape that is not empty."""
    samples = block.astype(np.float32)
    power = float(np.dot(samples, samples)) / len(samples)
    return dbfs_of(power)


def dbfs_of(power: float) -> float:
    """The same of a mean square of samples."""
    return max(SILENT, 10.0 * math.log10(power / _FULL_SCALE**2)) if power > 0 else SILENT


def ratio(decibel: float) -> float:
    """The factor on amplitudes that a gain in dB means."""
    return 10.0 ** (decibel / 20.0)


class Gain:
    """A gain in dB, in place, clipped at full scale; 0 dB costs nothing. It may be set from any thread and holds from the next block on."""

    def __init__(self, decibel: float) -> None:
        self.decibel = decibel
        self._scratch: NDArray[np.float32] = np.zeros(BLOCK, dtype=np.float32)

    @property
    def decibel(self) -> float:
        """The gain."""
        return self._decibel

    @decibel.setter
    def decibel(self, decibel: float) -> None:
        self._decibel = decibel
        self._factor = ratio(decibel)

    def apply(self, block: Block) -> None:
        """Change the 480 samples of `block`."""
        if self._factor != 1.0:
            np.multiply(block, self._factor, out=self._scratch)
            np.clip(self._scratch, -_FULL_SCALE, _FULL_SCALE - 1, out=self._scratch)
            np.rint(self._scratch, out=self._scratch)
            block[:] = self._scratch


def mix(block: Block, other: Block) -> None:
    """Add `other` to `block` in place, clipped at full scale; both of shape (480,)."""
    total = block.astype(np.int32)
    total += other
    np.clip(total, -32_768, 32_767, out=total)
    block[:] = total
