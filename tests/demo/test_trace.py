"""What was lost of a sentence is found out, also where pauses changed their length."""

from __future__ import annotations

import numpy as np
import pytest

from kiosk.audio.frames import RATE, Block
from kiosk.sim.report import HEARD
from kiosk.sim.trace import onset, trace
from kiosk.sim.wav import spoken

SENTENCE = spoken("visitor")
PAUSE = np.zeros(RATE, np.int16)
MIDDLE = int(1.25 * RATE)


def noise(count: int) -> Block:
    return np.random.default_rng(1).normal(0.0, 200.0, count).astype(np.int16)


def cut(seconds: float) -> Block:
    return np.concatenate([PAUSE, SENTENCE[:MIDDLE], SENTENCE[MIDDLE + int(seconds * RATE) :], PAUSE])


def test_a_whole_sentence_is_found_where_it_is() -> None:
    found = trace(SENTENCE, np.concatenate([PAUSE, SENTENCE, PAUSE]))
    assert found.lost_ms == 0
    assert found.likeness > 0.99
    assert found.begin_s == pytest.approx(1.0, abs=0.001)


def test_noise_and_a_longer_pause_lose_nothing() -> None:
    apart = np.concatenate([SENTENCE[:MIDDLE], PAUSE, SENTENCE[MIDDLE:]])
    found = trace(SENTENCE, apart + noise(len(apart)))
    assert found.lost_ms == 0


@pytest.mark.parametrize("seconds", [0.3, 0.5, 1.0])
def test_what_was_cut_out_is_missed(seconds: float) -> None:
    assert trace(SENTENCE, cut(seconds)).lost_ms == pytest.approx(1000 * seconds, abs=150)


@pytest.mark.parametrize("heard", [np.zeros(4 * RATE, np.int16), noise(4 * RATE), spoken("answer"), np.zeros(10, np.int16)])
def test_silence_noise_and_other_words_are_not_the_sentence(heard: Block) -> None:
    found = trace(SENTENCE, heard)
    assert found.likeness < HEARD / 2
    assert found.lost_ms > 2000


def test_the_speech_begins_after_the_silence() -> None:
    assert onset(np.concatenate([PAUSE, SENTENCE])) == pytest.approx(onset(SENTENCE) + 1.0, abs=0.1)
