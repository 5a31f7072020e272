"""Lays an earcon over the agent's voice, block by block."""

from __future__ import annotations

from typing import Final

import numpy as np

from kiosk.audio.frames import BLOCK, Block
from kiosk.audio.levels import mix

_NOTHING: Final = np.zeros(0, dtype=np.int16)


class Mixer:
    """One earcon at a time. play() from any thread; a newer one begins at the next block and the older one fades within it."""

    def __init__(self) -> None:
        self._next: Block | None = None
        self._sound: Block = _NOTHING
        self._at = 0
        self._voice: Block = np.zeros(BLOCK, dtype=np.int16)
        self._fall = (0.5 + 0.5 * np.cos(np.pi * (np.arange(BLOCK) + 0.5) / BLOCK)).astype(np.float32)

    def play(self, samples: Block) -> None:
        """Sound these samples (48 kHz mono, any length) from the next block on."""
        self._next = samples

    def add_to(self, block: Block) -> bool:
        """Mix the next 10 ms into `block`; True while an earcon sounds."""
        coming, self._next = self._next, None
        sounding = self._take(self._fall if coming is not None else None, block)
        if coming is not None:
            self._sound, self._at = coming, 0
            sounding = self._take(None, block) or sounding
        return sounding

    def _take(self, shape: np.ndarray[tuple[int], np.dtype[np.float32]] | None, block: Block) -> bool:
        part = self._sound[self._at : self._at + BLOCK]
        if not len(part):
            return False
        self._voice[: len(part)] = part
        self._voice[len(part) :] = 0
        if shape is not None:
            np.multiply(self._voice, shape, out=self._voice, casting="unsafe")
        mix(block, self._voice)
        self._at += BLOCK
        return True
