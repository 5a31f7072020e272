"""Clicks into the microphone and out of the speaker: what is sent, and which of what is heard is its echo."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from kiosk.audio.frames import RATE, Block
from tests.parts.cable import Ear

LENGTH: Final = 0.01
"""Seconds of a click."""
DEAD: Final = 0.2
"""Seconds after an onset in which there is no other."""
LONGEST: Final = 4.0
"""Seconds that an echo may take."""
_AUDIBLE: Final = 100
"""Level below which nothing is a click."""
_ALIKE: Final = 0.06
"""Seconds by which the delays of two clicks of a round may differ and still be taken for the same."""
_NEAR: Final = 0.2
"""Seconds off the common delay from which a click counts as unheard: where few are heard, the median leaves out a wide spread."""


def click() -> Block:
    """10 ms of 1.5 kHz at -6 dBFS that begin at full height: speech enough for a codec, sharp enough for a stop watch."""
    moments = np.arange(round(LENGTH * RATE)) / RATE
    return (16_000 * np.cos(2 * np.pi * 1500 * moments)).astype(np.int16)


def pauses(count: int) -> list[float]:
    """Seconds from each click to the next, the same in every run; irregular, so that only the true delay fits all of them."""
    dice = random.Random(1)
    return [dice.uniform(0.75, 1.25) for _ in range(count)]


def delays(sent: Sequence[float], heard: Sequence[float]) -> list[float]:
    """Seconds from each click sent to its echo; clicks without one are left out. The common delay is the one that fits most of them."""
    candidates = [late - early for early in sent for late in heard if 0.0 < late - early < LONGEST]
    if not candidates:
        return []
    differences = np.array(candidates)
    fit = np.maximum(0.0, 1.0 - np.abs(differences[:, None] - differences[None, :]) / _ALIKE).sum(axis=1)
    common = float(differences[int(np.argmax(fit))])
    nearest = (min((late - early for late in heard), key=lambda delay: abs(delay - common)) for early in sent)
    return [delay for delay in nearest if abs(delay - common) < _NEAR]


def onsets(ear: Ear, since: float) -> list[float]:
    """The monotonic times at which clicks began at the ear: first samples above a quarter of the loudest, after a dead time."""
    heard = ear.heard(since)
    level = int(np.abs(heard.astype(np.int32)).max(initial=0) // 4)
    found: list[float] = []
    if level < _AUDIBLE:
        return found
    while (onset := ear.click(found[-1] + DEAD if found else since, level)) is not None:
        found.append(onset)
    return found


def median(values: Iterable[float]) -> float:
    """Not a number where there are none."""
    found = list(values)
    return float(np.median(found)) if found else float("nan")
