"""What is done with single blocks: the ring, levels, speech, lateness."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.audio.capture import Lateness
from kiosk.audio.frames import BLOCK, RATE, Block, silence
from kiosk.audio.levels import Gain, dbfs, mix
from kiosk.audio.ring import BlockRing
from kiosk.audio.vad import PauseDetector, SpeechDetector, SpeechWindow
from kiosk.config.model import VadConfig


def flat(value: int, length: int = BLOCK) -> Block:
    return np.full(length, value, dtype=np.int16)


def sine(frequency: float, seconds: float, rate: int = RATE) -> Block:
    return np.rint(10_000 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.int16)


@given(st.lists(st.sampled_from(["append", "pop", "cut"]), max_size=60), st.integers(1, 7))
def test_the_ring_is_a_bounded_queue(actions: list[str], capacity: int) -> None:
    ring, model, out = BlockRing(capacity), deque[int](), silence()
    for number, action in enumerate(actions, 1):
        if action == "append":
            assert ring.append(flat(number), number % 2 == 0) == (len(model) == capacity)
            model = deque([*model, number], maxlen=capacity)
        elif action == "pop" and model:
            assert ring.pop(out) == (model[0] % 2 == 0)
            assert out[0] == model.popleft()
        elif action == "cut" and len(model) > 1:
            ring.cut(1)
            del model[-2]
        assert len(ring) == len(model)
    assert ring.take() == b"".join(flat(number).tobytes() for number in model)
    assert len(ring) == 0


def test_levels_gain_and_mixing_know_their_ends() -> None:
    assert dbfs(silence()) == -96.0
    assert dbfs(flat(-32_768)) == pytest.approx(0.0, abs=0.01)
    assert dbfs(flat(3277)) == pytest.approx(-20.0, abs=0.01)
    block = flat(20_000)
    Gain(20.0).apply(block)
    assert (block == 32_767).all()
    Gain(-20.0).apply(block)
    assert (block == 3277).all()
    mix(block, flat(32_000))
    assert (block == 32_767).all()


def test_quiet_sound_and_hum_are_no_speech() -> None:
    detector = SpeechDetector(2, -50.0)
    assert not detector.voiced(silence(), -96.0)
    assert not any(detector.voiced(block, -60.0) for block in sine(200, 1.0).reshape(-1, BLOCK))


def test_only_what_is_quiet_beside_the_speech_before_it_is_a_pause() -> None:
    pauses = PauseDetector(VadConfig())
    hum = sine(200, 1.0).reshape(-1, BLOCK)
    assert not any(pauses.pause(block, -20.0) for block in hum)
    assert not any(pauses.pause(block, -34.0) for block in hum)
    assert all(pauses.pause(block, -61.0) for block in hum)
    assert pauses.pause(silence(), -96.0)


def test_speech_is_reported_at_once_and_then_twice_a_second() -> None:
    window = SpeechWindow(VadConfig.model_validate({"voiced": "200ms", "window": "400ms"}))
    reports = [number for number in range(200) if window.push(number < 160)]
    assert reports == [19, 69, 119, 169]


def test_scattered_voice_within_the_window_is_enough_and_less_is_not() -> None:
    config = VadConfig.model_validate({"voiced": "200ms", "window": "400ms"})
    window = SpeechWindow(config)
    assert any(window.push(number % 2 == 0) for number in range(41))
    window = SpeechWindow(config)
    assert not any(window.push(number % 3 == 0) for number in range(200))


def test_late_blocks_are_the_first_and_those_after_a_gap_until_a_read_waits() -> None:
    lateness = Lateness()
    reads = [
        (0.0, 0.0001),
        (0.0002, 0.0003),
        (0.0004, 0.008),
        (0.0081, 0.018),
        (0.0181, 0.3),
        (0.3001, 0.3002),
        (0.3003, 0.309),
        (0.31, 0.319),
    ]
    assert [lateness.judge(*read) for read in reads] == [True, True, False, False, True, True, False, False]


@pytest.mark.parametrize("latency", [0.04, 0.2])
def test_a_device_that_gives_its_blocks_in_bursts_is_heard(latency: float) -> None:
    lateness = Lateness(latency)
    period = 6 if latency == 0.2 else 1
    reads = [(burst * 0.01 * period, number) for burst in range(1, 60) for number in range(period)]
    late = [lateness.judge(at - 0.008 if number == 0 else at, at + number * 0.0001) for at, number in reads]
    assert not any(late)


def test_lateness_ends_even_if_no_read_ever_waits() -> None:
    lateness = Lateness()
    late = [lateness.judge(number * 0.01, number * 0.01 + 0.0001) for number in range(200)]
    assert 50 < sum(late) <= Lateness.LONGEST
