"""The short tones: made here, or read from WAV files, as 48 kHz mono samples."""

from __future__ import annotations

import logging
import wave
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np

from kiosk.audio.convert import ToMono
from kiosk.audio.frames import RATE, Block
from kiosk.audio.levels import ratio
from kiosk.config.model import EarconConfig
from kiosk.config.source import read_source
from kiosk.errors import ConfigError
from kiosk.signals import Earcon

_log = logging.getLogger(__name__)

LONGEST: Final = 3.0
"""Seconds of the longest file that is taken."""
_LARGEST: Final = 16 * 2**20
"""Bytes of the largest: eight channels of 192 kHz are 9 MB."""
_EDGE: Final = 0.008
"""Seconds of the raised-cosine edges of every note."""
_PEAK: Final = ratio(-6.0)
_REST: Final = 0.0

_Notes = tuple[tuple[float, float], ...]
"""(frequency in Hz, seconds); frequency 0 is a rest."""

_A4: Final = 440.0
_C5: Final = 523.25
_E5: Final = 659.25
_G5: Final = 783.99
_C6: Final = 1046.5
NOTES: Final[Mapping[Earcon, _Notes]] = {
    Earcon.LISTENING: ((_C5, 0.07), (_G5, 0.11)),
    Earcon.ENDED: ((_G5, 0.07), (_C5, 0.14)),
    Earcon.ERROR: ((_A4 / 2, 0.18), (_REST, 0.06), (_A4 / 2, 0.30)),
    Earcon.OFFLINE: ((_E5, 0.12), (_C5, 0.12), (_A4, 0.12), (_A4 / 2, 0.26)),
    Earcon.BUSY: ((_A4, 0.20), (_REST, 0.20), (_A4, 0.20), (_REST, 0.20), (_A4, 0.20)),
    Earcon.REFUSED: ((_C6, 0.06), (_REST, 0.05), (_C6, 0.06), (_REST, 0.05), (_C5 / 2, 0.35)),
    Earcon.MICROPHONE: ((_G5, 0.05), (_REST, 0.05), (_G5, 0.05), (_REST, 0.05), (_G5, 0.05), (_REST, 0.05), (_G5, 0.05)),
    Earcon.RECONNECTING: ((_E5, 0.10), (_REST, 0.30), (_E5, 0.10)),
}
"""Each told apart by rhythm and by pitch."""


def tone(notes: _Notes) -> Block:
    """The notes in a row, peak -6 dBFS; each begins and ends at zero."""
    return np.concatenate([_note(frequency, seconds) for frequency, seconds in notes])


def _note(frequency: float, seconds: float) -> Block:
    time = np.arange(round(seconds * RATE)) / RATE
    edge = np.minimum(np.minimum(time, time[::-1]) / _EDGE, 1.0)
    shape = 0.5 - 0.5 * np.cos(np.pi * edge)
    return np.rint(np.sin(2 * np.pi * frequency * time) * shape * _PEAK * 32_767).astype(np.int16)


def load(path: str) -> Block:
    """A WAV file (16 bit PCM, any rate, mono or more channels, up to 3 s) as 48 kHz mono; raises ValueError that says what is wrong."""
    try:
        return _decoded(read_source(Path(path), _LARGEST).data)
    except ConfigError as error:
        raise ValueError(str(error)) from error
    # RuntimeError is how the library says that a chunk ends before what it announces.
    except (OSError, EOFError, RuntimeError, ValueError, wave.Error) as error:
        raise ValueError(f"{path}: {str(error) or 'a torn WAV file'}") from error


def usable(files: Mapping[Earcon, str], tell: Callable[[str], object]) -> dict[Earcon, Block]:
    """Those of the named files that can be used; of each other one `tell` is told what is wrong with it."""
    tones: dict[Earcon, Block] = {}
    for earcon, path in files.items():
        try:
            tones[earcon] = load(path)
        except ValueError as error:
            tell(f"earcon {earcon.value}: {error}; the built-in tone is used")
    return tones


def _decoded(data: bytes) -> Block:
    with wave.open(BytesIO(data)) as file:
        rate, channels, frames = file.getframerate(), file.getnchannels(), file.getnframes()
        if file.getsampwidth() != 2:
            raise ValueError(f"{8 * file.getsampwidth()} bit samples, 16 bit are needed")
        if rate == 0:
            raise ValueError("a rate of 0 Hz")
        if not 0 < frames <= LONGEST * rate:
            raise ValueError(f"{frames / rate:.1f} s long, up to {LONGEST:g} s are taken")
        samples = file.readframes(frames)
    if not samples or len(samples) % (2 * channels):
        raise EOFError
    return ToMono(rate, channels).whole(np.frombuffer(samples, dtype="<i2").astype(np.int16).reshape(-1, channels))


class Earcons:
    """All tones at the configured volume. Built-in until load_files() (slow: call it off the event loop) has replaced the named ones."""

    def __init__(self, config: EarconConfig) -> None:
        self.config = config
        self._tones = {earcon: self._at_volume(tone(notes)) for earcon, notes in NOTES.items()}

    def __getitem__(self, earcon: Earcon) -> Block:
        return self._tones[earcon]

    def load_files(self) -> None:
        """Read the named files; one that cannot be used is named in the journal, and the built-in tone stays."""
        for earcon, samples in usable(self.config.files, _log.warning).items():
            self._tones[earcon] = self._at_volume(samples)

    def _at_volume(self, samples: Block) -> Block:
        return np.rint(samples * self.config.volume).astype(np.int16)
