"""Which of the clicks that are heard is the echo of which that was sent."""

from __future__ import annotations

import numpy as np
import pytest

from kiosk.audio.frames import BLOCK
from tests.bench.clicks import TONES, click, delays, pauses, tone


def moments() -> list[float]:
    """When twenty clicks are sent."""
    now, sent = 0.0, list[float]()
    for pause in pauses(20):
        sent.append(now)
        now += pause
    return sent


def test_a_steady_delay_is_found_without_the_clicks_that_were_lost() -> None:
    sent = moments()
    heard = [(early + 0.2, number % len(TONES)) for number, early in enumerate(sent) if number % 6]
    assert delays(sent, heard) == pytest.approx([0.2] * 16)


def test_each_echo_is_its_own_clicks_however_long_and_uneven_the_delay() -> None:
    sent = moments()
    late = [0.4 + 0.16 * number for number in range(20)]
    heard = [(early + delay, number % len(TONES)) for number, (early, delay) in enumerate(zip(sent, late, strict=True))]
    assert delays(sent, heard) == pytest.approx(late)


def test_a_click_is_known_by_its_tone_in_noise_and_wherever_it_stands() -> None:
    noise = np.random.default_rng(1).normal(0, 300, 2 * BLOCK)
    for number in range(10):
        for place in (0, 100, BLOCK):
            heard = noise.copy()
            heard[place : place + BLOCK] += 0.2 * click(number)
            assert tone(heard.astype(np.int16)) == number % len(TONES)


def test_silence_has_no_delays() -> None:
    assert delays(moments(), []) == []
