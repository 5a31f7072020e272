"""Clicks into the microphone and out of the speaker: what is sent, and which of what is heard is its echo."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from kiosk.audio.frames import BLOCK, RATE, Block
from tests.parts.cable import Ear

LENGTH: Final = 0.01
"""Seconds of a click."""
DEAD: Final = 0.2
"""Seconds after an onset in which there is no other."""
LONGEST: Final = 4.0
"""Seconds that an echo may take."""
_AUDIBLE: Final = 100
"""Level below which nothing is a click."""
TONES: Final = (700.0, 1000.0, 1400.0, 1950.0, 2700.0)
"""Hz of the clicks, one after the other: five of them last longer than any echo takes, so each echo tells whose it is."""


def click(number: int) -> Block:
    """10 ms at -6 dBFS that begin at full height: speech enough for a codec, sharp enough for a stop watch."""
    moments = np.arange(round(LENGTH * RATE)) / RATE
    return (16_000 * np.cos(2 * np.pi * TONES[number % len(TONES)] * moments)).astype(np.int16)


def pauses(count: int) -> list[float]:
    """Seconds from each click to the next, the same in every run; irregular, so that nothing in a chain of sound can beat with them."""
    dice = random.Random(1)
    return [dice.uniform(0.85, 1.25) for _ in range(count)]


def delays(sent: Sequence[float], heard: Sequence[tuple[float, int]]) -> list[float]:
    """Seconds from each click sent to its echo, the first sound of its tone within LONGEST; clicks without one are left out.

    heard: the moment of each onset, and which of TONES it is.
    """
    found: list[float] = []
    for number, early in enumerate(sent):
        echoes = [late - early for late, tone in heard if tone == number % len(TONES) and 0.0 < late - early < LONGEST]
        found += [min(echoes)] if echoes else []
    return found


def onsets(ear: Ear, since: float) -> list[tuple[float, int]]:
    """When clicks began at the ear (monotonic) and which tone each is: samples above a quarter of the loudest, after a dead time."""
    heard = ear.heard(since)
    level = int(np.abs(heard.astype(np.int32)).max(initial=0) // 4)
    found: list[tuple[float, int]] = []
    if level < _AUDIBLE:
        return found
    while (onset := ear.click(found[-1][0] + DEAD if found else since, level)) is not None:
        found.append((onset, tone(ear.heard(onset)[: 2 * BLOCK])))
    return found


def tone(sound: Block) -> int:
    """Which of TONES a click is."""
    moments = np.arange(len(sound)) / RATE
    return int(np.argmax([abs(np.exp(-2j * np.pi * each * moments) @ sound) for each in TONES]))


def median(values: Iterable[float]) -> float:
    """Not a number where there are none."""
    found = list(values)
    return float(np.median(found)) if found else float("nan")
