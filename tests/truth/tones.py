"""Which tones a visitor hears, from what the speaker played."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kiosk.audio.earcons import NOTES, tone
from kiosk.audio.frames import BLOCK, Block
from kiosk.config.model import EarconConfig

_ENOUGH: Final = 2
"""Blocks after its first by which a tone is known; the first may hold the end of another."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A tone, when it began and how many blocks of it sounded."""

    name: str
    at: float
    blocks: int


def _blocks(samples: Block) -> NDArray[np.int16]:
    """Shape (blocks, 480), the last one filled up with silence."""
    return np.pad(samples, (0, -len(samples) % BLOCK)).reshape(-1, BLOCK)


_TONES: Final = {name.value: _blocks(np.rint(tone(notes) * EarconConfig().volume).astype(np.int16)) for name, notes in NOTES.items()}


def heard(played: list[tuple[float, Block]]) -> list[Heard]:
    """The tones in what was played, oldest first; one cut off before it can be told from all others is left out."""
    found: list[Heard] = []
    place = 0
    while place < len(played):
        names, length = _longest(played, place)
        if length > _ENOUGH and len(names) == 1:
            found.append(Heard(names[0], played[place][0], length))
        place += max(1, length)
    return found


def _longest(played: list[tuple[float, Block]], place: int) -> tuple[list[str], int]:
    """The tones of which most sounds from this block on, and how much."""
    lengths = {name: _common(played, place, blocks) for name, blocks in _TONES.items()}
    best = max(lengths.values())
    return [name for name, length in lengths.items() if length == best], best


def _common(played: list[tuple[float, Block]], place: int, blocks: NDArray[np.int16]) -> int:
    length = 1
    while length < len(blocks) and place + length < len(played) and np.array_equal(played[place + length][1], blocks[length]):
        length += 1
    return length if length > 1 else 0
