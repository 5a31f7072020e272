"""Half an hour of a call with clocks that differ, in virtual time: the agent's delay keeps its bound, and nobody hears the correction."""

from __future__ import annotations

from typing import Final

import numpy as np
import pytest

from kiosk.audio.frames import BLOCK, RATE, Block, milliseconds
from kiosk.audio.jitter import TARGET
from kiosk.sim.wav import spoken
from tests.parts.clocks import Ends, loudest_in_speech, loudest_in_tone, tone

PPM: Final = 200.0
JITTER_S: Final = 0.006
"""How late blocks come out of LiveKit in a call, at most, 99 times of 100."""
BOUND_MS: Final = milliseconds(TARGET) + 1000 * JITTER_S + 10.0
"""What is aimed at, one jitter, and the block that has just come."""
CLICK_DBFS: Final = -60.0
_PAUSE: Final = np.zeros(RATE // 2, dtype=np.int16)
_SPEECH: Final = np.concatenate([spoken("answer"), _PAUSE, spoken("visitor"), _PAUSE])
_SPEECH_BLOCKS: Final = _SPEECH[: len(_SPEECH) // BLOCK * BLOCK].reshape(-1, BLOCK)


def speech(number: int) -> Block:
    """Sentences and pauses, round and round."""
    return _SPEECH_BLOCKS[number % len(_SPEECH_BLOCKS)]


VOICES: Final = {"tone": (tone, loudest_in_tone), "speech": (speech, loudest_in_speech)}
MINUTES: Final = (3, pytest.param(30, marks=pytest.mark.slow))


@pytest.mark.parametrize("minutes", MINUTES)
@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize("ppm", [-PPM, PPM])
def test_the_delay_stays_bounded_and_no_correction_clicks(ppm: float, voice: str, minutes: int) -> None:
    source, loudest = VOICES[voice]
    ends = Ends(ppm, JITTER_S, source)
    ends.run(100)  # the beginning fades in and leaves silence out, which is no correction
    begun = ends.queue.dropped
    least, most, click = 1000.0, 0.0, -96.0
    for _ in range(minutes * 60):
        # The last blocks of a second stay, so that what happens between two seconds is measured too.
        del ends.played[:-2], ends.depths[:]
        ends.run(100)
        least, most = min(least, *ends.depths), max(most, *ends.depths)
        click = max(click, loudest(np.concatenate(ends.played)))
    print(f"\n{minutes} min of {voice}, {ppm:+g} ppm: {least:.1f} to {most:.1f} ms in the queue, loudest click {click:.1f} dBFS")
    assert ends.queue.underruns == ends.queue.dropped - begun == 0
    assert least > 0.0
    assert most < BOUND_MS
    assert click < CLICK_DBFS


@pytest.mark.parametrize("voice", VOICES)
def test_the_meters_hear_a_sample_that_is_left_out(voice: str) -> None:
    source, loudest = VOICES[voice]
    sound = np.concatenate([source(number) for number in range(100)])
    middle = slice(BLOCK, -BLOCK)
    at = BLOCK + int(np.abs(np.diff(sound[middle].astype(np.int32))).argmax())
    assert loudest(sound) < CLICK_DBFS < loudest(np.delete(sound, at)) - 20.0
