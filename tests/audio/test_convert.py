"""Between a device's own rate and channels and 48 kHz mono."""

from __future__ import annotations

import numpy as np
import pytest

from kiosk.audio.convert import FromMono, ToMono
from kiosk.audio.frames import BLOCK, RATE, Block
from kiosk.audio.levels import dbfs


def sine(frequency: float, seconds: float, rate: int = RATE) -> Block:
    return np.rint(10_000 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.int16)


@pytest.mark.parametrize(("rate", "channels"), [(48_000, 1), (48_000, 2), (44_100, 2), (16_000, 6), (96_000, 1)])
def test_a_tone_survives_the_way_to_mono_and_back(rate: int, channels: int) -> None:
    to, back = ToMono(rate, channels), FromMono(rate, channels)
    native = np.repeat(sine(440, 2.0, rate).reshape(-1, 1), channels, axis=1)
    step = rate // 100
    blocks = [block.copy() for at in range(0, len(native), step) for block in to.feed(native[at : at + step])]
    assert all(block.shape == (BLOCK,) for block in blocks)
    assert 195 <= len(blocks) <= 200
    again = np.concatenate([back.feed(block) for block in blocks])
    assert again.shape[1] == channels
    assert 1.9 * rate <= len(again) <= 2.0 * rate
    middle = again[rate // 2 : rate * 3 // 2, 0].astype(np.float64)
    peak = int(np.abs(np.fft.rfft(middle)).argmax())
    assert peak == 440
    assert dbfs(middle.astype(np.int16)) == pytest.approx(dbfs(sine(440, 1.0)), abs=0.2)


def test_one_channel_or_the_mean_of_all() -> None:
    native = np.array([[100, 300, 500]] * BLOCK, dtype=np.int16)
    assert next(ToMono(RATE, 3, 2).feed(native))[0] == 300
    assert next(ToMono(RATE, 3).feed(native))[0] == 300
    assert next(ToMono(RATE, 3, 3).feed(native))[0] == 500
