"""The jitter queue in virtual time: two clocks that differ, blocks that come late, stalls, and never a click."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.audio.drift import LIMIT, SPAN, Interpolator, Samples, consumed
from kiosk.audio.frames import BLOCK, RATE, Block, silence
from kiosk.audio.jitter import LIMIT_SAMPLES, TARGET, WIDEST, WINDOW, JitterQueue
from tests.parts.clocks import AMPLITUDE, TONE, Ends, loudest_in_tone, tone


@pytest.mark.parametrize("ppm", [-200.0, 200.0])
@pytest.mark.parametrize("jitter", [0.0, 0.006])
def test_two_clocks_stay_together_without_a_click(ppm: float, jitter: float) -> None:
    ends = Ends(ppm, jitter)
    ends.run(9000)  # at 200 ppm, 90 s without control would be 18 ms, more than there is to give
    assert ends.queue.underruns == ends.queue.dropped == 0
    assert min(ends.depths[100:]) > 3.0
    assert max(ends.depths[100:]) < 33.0
    settled = ends.depths[-500:]
    assert abs(np.mean(settled) - 15.0) < 4.0, "TARGET less the block taken, and the 2 ms that 200 ppm cost"
    assert loudest_in_tone(np.concatenate(ends.played[10:])) < -60.0


def test_a_late_block_makes_a_short_gap_and_no_words_are_lost() -> None:
    ends = Ends()
    ends.run(50)
    ends.run(4, stalled=True)
    ends.run(50)
    assert ends.queue.underruns == 1
    assert ends.queue.dropped == 0
    joined = np.concatenate(ends.played).astype(np.float64)
    assert np.abs(np.diff(joined)).max() < 2 * np.pi * TONE / RATE * AMPLITUDE * 1.1, "faded, not torn"


def test_what_a_stall_leaves_behind_goes_away_in_a_pause() -> None:
    ends = Ends()
    ends.run(50)
    ends.run(15, stalled=True)
    ends.run(3 * WINDOW)
    assert ends.queue.dropped == 0, "not while the agent speaks"
    assert ends.depths[-1] > 100.0
    ends.run(3 * WINDOW, quiet=True)
    assert ends.depths[-1] < 40.0
    assert ends.queue.dropped > 0


def test_silence_before_the_first_word_is_left_out_so_that_it_begins_at_its_target() -> None:
    queue, out, heard = JitterQueue(), silence(), list[Block]()
    for number in range(3):
        queue.push(silence() if number < 2 else tone(number))
    for number in range(3, 8):
        queue.pop(out)
        heard.append(out.copy())
        queue.push(tone(number))
    assert queue.dropped == 3 * BLOCK - TARGET
    begins = int(np.flatnonzero(np.concatenate(heard))[0])
    assert begins == pytest.approx(2 * BLOCK - queue.dropped, abs=2), "nothing of the word"


def test_nothing_of_a_word_is_left_out_where_it_begins_at_once() -> None:
    queue = JitterQueue()
    for number in range(3):
        queue.push(tone(number))
    assert queue.pop(silence())
    assert queue.dropped == 0


def test_is_bounded_while_the_agent_speaks_without_a_pause() -> None:
    ends = Ends()
    ends.run(20)
    for number in range(40):
        ends.queue.push(tone(20 + number))
    ends.run(5)
    assert ends.queue.queued_ms <= LIMIT_SAMPLES * 1000 / RATE
    assert ends.queue.dropped > 0


def test_is_bounded_while_nobody_plays() -> None:
    queue = JitterQueue()
    for number in range(2000):
        queue.push(tone(number))
    assert queue.queued_ms <= LIMIT_SAMPLES * 1000 / RATE
    out = silence()
    queue.pop(out)
    assert abs(int(out[0])) < 100, "begins with a fade"


def test_a_speaker_that_goes_away_in_mid_call_leaves_a_bounded_queue() -> None:
    ends = Ends()
    ends.run(20)
    for number in range(500):
        ends.queue.push(tone(number))
    assert ends.queue.queued_ms < 700.0
    ends.run(2)
    assert ends.queue.queued_ms <= LIMIT_SAMPLES * 1000 / RATE


def test_flush_ends_in_a_fade_and_begins_anew() -> None:
    ends = Ends()
    ends.run(50)
    ends.queue.flush()
    out = silence()
    assert ends.queue.pop(out)
    assert np.abs(out[:100].astype(np.int32)).max() > 5000
    assert not out[240:].any()
    assert ends.queue.queued_ms == 0.0
    assert not ends.queue.pop(out)
    assert ends.queue.underruns == 0


def test_the_target_grows_with_underruns_and_has_an_end() -> None:
    queue, out, needed = JitterQueue(), silence(), list[int]()
    for _ in range(15):
        pushed = 0
        while not queue.pop(out):
            queue.push(tone(pushed))
            pushed += 1
        while queue.pop(out):
            pass
        needed.append(pushed)
    assert queue.underruns == 15
    assert needed[0] * BLOCK <= TARGET + BLOCK
    assert needed == sorted(needed)
    assert needed[-1] * BLOCK <= WIDEST + BLOCK


@settings(max_examples=60, deadline=None)
@given(fraction=st.floats(0.0, 0.999), ratio=st.floats(1.0 - LIMIT, 1.0 + LIMIT))
def test_reading_between_samples_is_exact_for_a_parabola(fraction: float, ratio: float) -> None:
    places = np.arange(SPAN) - 1.0
    source: Samples = (0.01 * places * places - 3.0 * places + 5.0).astype(np.float32)
    out: Samples = np.zeros(BLOCK, dtype=np.float32)
    Interpolator().read(source, fraction, ratio, out)
    wanted = fraction + np.arange(BLOCK) * ratio
    assert np.allclose(out, 0.01 * wanted**2 - 3.0 * wanted + 5.0, atol=0.05)
    whole, rest = consumed(fraction, ratio)
    assert abs(whole + rest - (fraction + BLOCK * ratio)) < 1e-9
    assert 0.0 <= rest < 1.0
