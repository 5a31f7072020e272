"""The tones, their files, and how they lie over the agent's voice."""

from __future__ import annotations

import itertools
import os
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kiosk.audio.earcons import NOTES, Earcons, load, tone
from kiosk.audio.frames import BLOCK, RATE, Block, silence
from kiosk.audio.mixer import Mixer
from kiosk.config.model import EarconConfig
from kiosk.signals import Earcon


def flat(value: int, length: int = BLOCK) -> Block:
    return np.full(length, value, dtype=np.int16)


def sine(frequency: float, seconds: float, rate: int = RATE) -> Block:
    return np.rint(10_000 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.int16)


def test_an_earcon_lies_over_the_voice_and_a_newer_one_takes_its_place_without_a_click() -> None:
    mixer = Mixer()
    mixer.play(flat(8000, 3 * BLOCK))
    first, second, third = flat(100), flat(100), flat(100)
    assert mixer.add_to(first)
    assert (first == 8100).all()
    mixer.play(flat(0, BLOCK // 2))
    assert mixer.add_to(second)
    assert np.abs(np.diff(np.concatenate([first, second]).astype(np.int32))).max() < 60
    assert second[-1] == 100
    assert not mixer.add_to(third)
    assert (third == 100).all()


def test_every_earcon_is_there_and_told_apart_by_rhythm_and_by_pitch() -> None:
    assert set(NOTES) == set(Earcon)
    for one, other in itertools.combinations(NOTES.values(), 2):
        assert [round(seconds, 2) for _, seconds in one] != [round(seconds, 2) for _, seconds in other]
        assert [frequency for frequency, _ in one] != [frequency for frequency, _ in other]
    for notes in NOTES.values():
        samples = tone(notes)
        assert samples[0] == samples[-1] == 0
        assert 16_000 < np.abs(samples).max() < 16_800
        assert len(samples) < 2 * RATE


def write_wave(path: Path, samples: Block, rate: int, *, channels: int = 1, width: int = 2) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return path


def test_a_wave_file_of_another_rate_takes_a_tones_place(tmp_path: Path) -> None:
    path = write_wave(tmp_path / "own.wav", np.repeat(sine(440, 0.5, 22_050), 2), 22_050, channels=2)
    earcons = Earcons(EarconConfig.model_validate({"volume": 0.5, "files": {"ended": str(path)}}))
    earcons.load_files()
    assert len(earcons[Earcon.ENDED]) == pytest.approx(RATE / 2, abs=10)
    assert np.abs(earcons[Earcon.ENDED]).max() == pytest.approx(5000, rel=0.05)


def too_long(path: Path) -> None:
    write_wave(path, silence(400), RATE)


def empty(path: Path) -> None:
    write_wave(path, silence(0), RATE)


def eight_bit(path: Path) -> None:
    write_wave(path, silence(1), RATE, width=1)


def torn(path: Path) -> None:
    path.write_bytes(b"RIFF")


def cut_short(path: Path) -> None:
    write_wave(path, silence(1), RATE, channels=2)
    path.write_bytes(path.read_bytes()[:-2])


def without_a_rate(path: Path) -> None:
    write_wave(path, silence(1), RATE)
    data = bytearray(path.read_bytes())
    data[24:28] = bytes(4)
    path.write_bytes(data)


def torn_within(path: Path) -> None:
    write_wave(path, silence(1), RATE)
    data = bytearray(path.read_bytes())
    data[4:8] = (20).to_bytes(4, "little")
    path.write_bytes(data)


def fifo(path: Path) -> None:
    os.mkfifo(path)


def missing(path: Path) -> None:
    assert not path.exists()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (too_long, "4.0 s long"),
        (empty, "0.0 s long"),
        (eight_bit, "8 bit"),
        (torn, "wav"),
        (cut_short, "a torn WAV file"),
        (without_a_rate, "a rate of 0 Hz"),
        (torn_within, "a torn WAV file"),
        (fifo, "is a FIFO: a regular file is wanted"),
        (Path.mkdir, "is a directory"),
        (missing, "No such file"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_and_the_tone_stays(
    tmp_path: Path, make: Callable[[Path], None], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "own.wav"
    make(path)
    with pytest.raises(ValueError, match=reason):
        load(str(path))
    earcons = Earcons(EarconConfig.model_validate({"volume": 1.0, "files": {"busy": str(path)}}))
    earcons.load_files()
    assert np.array_equal(earcons[Earcon.BUSY], tone(NOTES[Earcon.BUSY]))
    assert f"earcon busy: {path}: " in caplog.text
