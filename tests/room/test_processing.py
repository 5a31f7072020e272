from __future__ import annotations

import numpy as np

from kiosk.audio.frames import BLOCK
from kiosk.room.processing import Processing
from tests.room.sounds import sweeps


def level(sound: np.ndarray[tuple[int, ...], np.dtype[np.int16]]) -> float:
    return 20.0 * float(np.log10(np.sqrt(np.mean(sound.astype(np.float64) ** 2)) + 1.0))


def test_the_echo_is_removed_in_place_and_the_played_block_untouched() -> None:
    played = sweeps(4.0).reshape(-1, BLOCK)
    echo = np.roll(played, 4, axis=0) // 2
    before = played.copy()
    processing = Processing(echo=True, noise=False, gain=False)
    for far, near in zip(played, echo, strict=True):
        processing.reverse(far)
        processing.process(near, 40)
    assert level(echo[-100:].ravel()) < level(before[-100:].ravel() // 2) - 20.0
    assert (played == before).all()
    assert processing.refused == 0


def test_with_nothing_switched_on_sound_passes() -> None:
    sound = sweeps(0.2).reshape(-1, BLOCK)
    before = sound.copy()
    processing = Processing(echo=False, noise=False, gain=False)
    for block in sound:
        processing.process(block, 0)
    assert (sound == before).all()
