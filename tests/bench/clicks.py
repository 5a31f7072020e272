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
"""Seconds of change between clicks that weigh as much against a way of pairing them as one click unheard."""
_NEAR: Final = 0.25
"""Seconds by which the delay may change from one click to the next heard one; a delay that grows in a round is followed."""


def click() -> Block:
    """10 ms of 1.5 kHz at -6 dBFS that begin at full height: speech enough for a codec, sharp enough for a stop watch."""
    moments = np.arange(round(LENGTH * RATE)) / RATE
    return (16_000 * np.cos(2 * np.pi * 1500 * moments)).astype(np.int16)


def pauses(count: int) -> list[float]:
    """Seconds from each click to the next, the same in every run; irregular, so that only the true delay fits all of them."""
    dice = random.Random(1)
    return [dice.uniform(0.75, 1.25) for _ in range(count)]


def delays(sent: Sequence[float], heard: Sequence[float]) -> list[float]:
    """Seconds from each click sent to its echo; clicks without one are left out.

    Every pair is tried as the true one and followed from there, forwards and backwards, so that a delay that grows is not cut off; the
    steadiest of those that explain most clicks is it.
    """
    pairs = [(late - early, index) for index, early in enumerate(sent) for late in heard if 0.0 < late - early < LONGEST]
    ways = [_followed(sent[:at][::-1], heard, delay)[::-1] + _followed(sent[at:], heard, delay) for delay, at in pairs]
    return max(ways, key=lambda way: len(way) - float(np.abs(np.diff(way)).sum()) / _ALIKE, default=list[float]())


def _followed(sent: Sequence[float], heard: Sequence[float], last: float) -> list[float]:
    found: list[float] = []
    for early in sent:
        delay = min((late - early for late in heard), key=lambda each: abs(each - last))
        if abs(delay - last) < _NEAR and delay > 0.0:
            found.append(delay)
            last = delay
    return found


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
