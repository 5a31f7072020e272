"""The alignment finds damage that was done on purpose, and none where there is none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.parts.align import align
from tests.parts.recording import RATE, Samples

INSIDE = (0.5, 1.7, 2.3, 2.7)
"""Seconds within running speech of the sentence."""
LEAD = 0.3


def quiet(seconds: float) -> Samples:
    return np.zeros(int(seconds * RATE), np.int16)


def around(*parts: Samples) -> Samples:
    return np.concatenate([quiet(LEAD), *parts, quiet(LEAD)])


def split(sound: Samples, moment: float, length_ms: float = 0.0) -> tuple[Samples, Samples]:
    first = int(moment * RATE)
    return sound[:first], sound[first + int(length_ms * RATE / 1000) :]


def faster(sound: Samples, speed: float) -> Samples:
    """Time compression with the pitch kept: overlapped 20 ms pieces, each put where it fits best."""
    size, hop, play = 960, 480, 360
    window = np.hanning(size + 1)[:size]
    source, out, last = sound.astype(np.float64), np.zeros(int(len(sound) / speed) + 4 * size), -hop
    position, at = 0.0, 0
    while position + 2 * size + play < len(source):
        place = int(position)
        if at:
            first = max(0, place - play)
            here = source[first : place + play + hop]
            fit = np.correlate(here, source[last + hop : last + 2 * hop], "valid") / np.sqrt(
                np.convolve(here**2, np.ones(hop), "valid") + 1
            )
            place = first + int(np.argmax(fit))
        out[at : at + size] += source[place : place + size] * window
        last, at, position = place, at + hop, position + hop * speed
    return out[: at + hop].astype(np.int16)


def noisy(sound: Samples) -> Samples:
    loud = float(np.sqrt(np.mean(sound.astype(np.float64) ** 2)))
    return (sound + np.random.default_rng(1).normal(0.0, loud / 31.6, len(sound))).clip(-32768, 32767).astype(np.int16)


def dull(sound: Samples) -> Samples:
    """Nothing above 3 kHz."""
    spectrum = np.fft.rfft(sound)
    spectrum[int(len(sound) * 3000 / RATE) :] = 0
    return np.fft.irfft(spectrum, len(sound)).astype(np.int16)


def same(sound: Samples) -> Samples:
    return sound


def soft(sound: Samples) -> Samples:
    return (sound * 0.25).astype(np.int16)


@pytest.mark.parametrize("change", [same, soft, noisy, dull])
def test_nothing_is_missed_where_all_is_there(sentence: Samples, change: Callable[[Samples], Samples]) -> None:
    found = align(sentence, change(around(sentence)))
    assert (found.lost_ms, found.shortened_ms, found.damaged_ms, found.inserted_ms, found.silence_ms) == (0, 0, 0, 0, 0), str(found)
    assert found.delay_first_ms == pytest.approx(1000 * LEAD, abs=0.5)
    assert found.delay_last_ms == pytest.approx(1000 * LEAD, abs=0.5)


@pytest.mark.parametrize("moment", INSIDE)
@pytest.mark.parametrize("length", [40, 100])
def test_a_cut_is_found(sentence: Samples, moment: float, length: float) -> None:
    found = align(sentence, around(*split(sentence, moment, length)))
    assert found.lost_ms + found.shortened_ms == pytest.approx(length, abs=20), str(found)


def test_a_long_cut_loses_the_speech_in_it(sentence: Samples) -> None:
    assert align(sentence, around(*split(sentence, 2.7, 200))).lost_ms == pytest.approx(200, abs=20)


def test_the_head_and_the_tail_are_missed(sentence: Samples) -> None:
    assert align(sentence, around(sentence[int(0.4 * RATE) :])).lost_ms == pytest.approx(140, abs=20)
    assert align(sentence, around(sentence[: -int(0.5 * RATE)])).lost_ms == pytest.approx(260, abs=20)


def test_silence_in_the_place_of_speech_is_lost(sentence: Samples) -> None:
    before, after = split(sentence, 1.7, 100)
    assert align(sentence, around(before, quiet(0.1), after)).lost_ms == pytest.approx(100, abs=20)


def test_another_sound_in_the_place_of_speech_is_lost_and_inserted(sentence: Samples) -> None:
    before, after = split(sentence, 1.7, 100)
    found = align(sentence, around(before, np.random.default_rng(1).normal(0, 3000, 4800).astype(np.int16), after))
    assert found.lost_ms == pytest.approx(100, abs=20), str(found)
    assert found.inserted_ms == pytest.approx(100, abs=20), str(found)


@pytest.mark.parametrize("length", [40, 100])
def test_what_is_inserted_is_found(sentence: Samples, length: int) -> None:
    before, after = split(sentence, 1.7)
    count = length * RATE // 1000
    tone = (8000 * np.sin(np.arange(count) * 0.06)).astype(np.int16)
    assert align(sentence, around(before, tone, after)).inserted_ms == pytest.approx(length, abs=20)
    assert align(sentence, around(before, before[-count:], after)).inserted_ms == pytest.approx(length, abs=20)
    paused = align(sentence, around(before, np.zeros(count, np.int16), after))
    assert paused.silence_ms + paused.inserted_ms == pytest.approx(length, abs=20), str(paused)
    assert paused.lost_ms == 0


def test_time_compression_loses_nothing(sentence: Samples) -> None:
    found = align(sentence, around(faster(sentence, 1.25)))
    assert (found.lost_ms, found.inserted_ms) == (0, 0), str(found)
    assert found.compressed_ms - found.pauses_ms > 500


def test_a_cut_is_found_in_compressed_speech(sentence: Samples) -> None:
    found = align(sentence, around(faster(np.concatenate(split(sentence, 1.7, 100)), 1.25)))
    assert found.lost_ms + found.shortened_ms == pytest.approx(100, abs=30), str(found)


def test_silence_has_nothing_of_it(sentence: Samples) -> None:
    found = align(sentence, quiet(1.0))
    assert found.lost_ms == found.speech_ms > 2000
