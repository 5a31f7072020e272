"""The arithmetic on recordings: what is put in is what is found."""

from __future__ import annotations

import numpy as np
import pytest

from kiosk.audio.frames import BLOCK, RATE, Block, silence
from kiosk.audio.levels import SILENT, dbfs, ratio
from kiosk.doctor.acoustics import PEAK, chirp, echo, loudest, noise

RANDOM = np.random.default_rng(7)


def hiss(seconds: float, level: float) -> Block:
    """White noise of that dBFS."""
    return np.rint(RANDOM.standard_normal(round(seconds * RATE)) * ratio(level) * 32_768).astype(np.int16)


def hall(seconds: float, delay: float, attenuation: float, floor: float = SILENT) -> Block:
    """The chirp, heard after so many seconds and so much quieter, in so much noise."""
    heard = hiss(seconds, floor).astype(np.float64) if floor > SILENT else np.zeros(round(seconds * RATE))
    start = round(delay * RATE)
    heard[start : start + len(chirp())] += chirp() * ratio(-attenuation)
    return np.clip(np.rint(heard), -32_768, 32_767).astype(np.int16)


@pytest.mark.parametrize("level", [-80.0, -60.0, -30.0])
def test_the_noise_floor(level: float) -> None:
    found = noise(hiss(2.0, level), 0.0)
    assert found.floor_dbfs == pytest.approx(level, abs=0.5)
    assert not found.dead


def test_a_click_does_not_raise_the_floor() -> None:
    samples = hiss(2.0, -60.0)
    samples[1000:1100] = 30_000
    found = noise(samples, 0.0)
    assert found.floor_dbfs == pytest.approx(-60.0, abs=0.5)
    assert found.peak_dbfs == pytest.approx(-0.8, abs=0.1)


@pytest.mark.parametrize("value", [0, 1, -500])
def test_a_dead_microphone(value: int) -> None:
    assert noise(np.full(2 * RATE, value, dtype=np.int16), 0.0).dead


def test_an_offset_is_no_noise() -> None:
    found = noise((hiss(2.0, -60.0) + 3277).astype(np.int16), 0.25)
    assert found.offset == pytest.approx(0.1, abs=0.001)
    assert found.floor_dbfs == pytest.approx(-60.0, abs=0.5)
    assert found.clipped == 0.25


def test_the_loudest_stretch() -> None:
    samples = silence(300)
    samples[100 * BLOCK : 140 * BLOCK] = 3277
    assert loudest(samples) == pytest.approx(-20.0, abs=0.1)
    assert loudest(samples, 80) == pytest.approx(-23.0, abs=0.1)
    assert loudest(silence(0)) == SILENT
    assert loudest(silence(1)) == SILENT


def test_the_chirp_is_whole_blocks_and_begins_and_ends_in_silence() -> None:
    sound = chirp()
    assert len(sound) % BLOCK == 0
    assert (sound[0], sound[-1]) == (0, 0)
    assert np.max(np.abs(sound)) == pytest.approx(PEAK * 32_767, rel=0.01)
    assert -20 < dbfs(sound) < -12


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.1337, 0.6])
@pytest.mark.parametrize("attenuation", [-6.0, 0.0, 20.0, 45.0])
def test_the_way_back_is_measured(delay: float, attenuation: float) -> None:
    found = echo(chirp(), hall(2.0, 0.4 + delay, attenuation), 0.4)
    assert found is not None
    assert found.delay_ms == pytest.approx(1000 * delay, abs=0.1)
    assert found.attenuation_db == pytest.approx(attenuation, abs=0.5)


@pytest.mark.parametrize("floor", [-70.0, -50.0, -40.0, -30.0])
def test_it_is_found_in_noise_louder_than_itself(floor: float) -> None:
    found = echo(chirp(), hall(2.0, 0.5, 20.0, floor), 0.4)
    assert found is not None
    assert found.delay_ms == pytest.approx(100.0, abs=0.2)
    assert found.attenuation_db == pytest.approx(20.0, abs=2.0)


@pytest.mark.parametrize("seed", range(20))
def test_noise_alone_is_no_echo(seed: int) -> None:
    samples = (np.random.default_rng(seed).standard_normal(2 * RATE) * 1000).astype(np.int16)
    assert echo(chirp(), samples, 0.4) is None


def test_hum_is_no_echo() -> None:
    time = np.arange(2 * RATE) / RATE
    for pitch in (50.0, 440.0, 1000.0, 3000.0):
        assert echo(chirp(), (np.sin(2 * np.pi * pitch * time) * 10_000).astype(np.int16), 0.4) is None


@pytest.mark.parametrize("heard", [silence(0), silence(10), silence(200), np.full(2 * RATE, 77, dtype=np.int16)], ids=len)
def test_nothing_is_no_echo(heard: Block) -> None:
    assert echo(chirp(), heard, 0.4) is None


def test_what_came_before_it_was_played_is_none() -> None:
    assert echo(chirp(), hall(2.0, 0.1, 0.0), 0.8) is None


def test_nothing_played_is_never_heard() -> None:
    assert echo(silence(50), hall(2.0, 0.5, 0.0), 0.4) is None


def test_an_inverted_speaker_is_heard_as_well() -> None:
    found = echo(chirp(), (-hall(2.0, 0.5, 10.0)).astype(np.int16), 0.4)
    assert found is not None
    assert found.attenuation_db == pytest.approx(10.0, abs=0.5)


@pytest.mark.parametrize("cut", [0.0, 0.1, 0.15])
def test_the_beginning_alone_is_not_the_whole(cut: float) -> None:
    heard = hall(2.0, 0.8, 10.0, -70.0)
    heard[round((0.8 + cut) * RATE) :] = hiss(1.2 - cut, -70.0)[: len(heard) - round((0.8 + cut) * RATE)]
    assert echo(chirp(), heard, 0.4) is None


def test_a_speaker_without_low_tones_is_heard() -> None:
    heard = hall(2.0, 0.5, 10.0, -70.0)
    start = round(0.5 * RATE)
    heard[start : start + len(chirp()) // 3] = hiss(1.0, -70.0)[: len(chirp()) // 3]
    found = echo(chirp(), heard, 0.4)
    assert found is not None
    assert found.delay_ms == pytest.approx(100.0, abs=0.2)


def test_small_gaps_on_the_way_do_not_hide_it() -> None:
    heard = hall(2.0, 0.5, 10.0, -70.0)
    for start in range(round(0.5 * RATE), round(RATE), RATE // 20):
        heard[start : start + RATE // 200] = 0
    found = echo(chirp(), heard, 0.4)
    assert found is not None
    assert found.attenuation_db == pytest.approx(11.0, abs=1.0)
