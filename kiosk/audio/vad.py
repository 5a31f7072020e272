"""Is this speech? Ten milliseconds at a time, and then over a window: webrtcvad behind a level gate. No clock but the count of blocks."""

from __future__ import annotations

from typing import Final, Protocol, cast

from kiosk.audio.frames import BLOCK_S, RATE, Block
from kiosk.config.model import VadConfig

REPEAT: Final = 50
"""Blocks between two reports of the same speech: at most twice a second."""
_CAREFUL: Final = 0
"""webrtcvad's aggressiveness that takes most sounds for speech."""
_BELOW: Final = 10.0
"""dB below the wake-up level where even that detector need not listen."""
_SPREAD: Final = 15.0
"""dB between the loudest and what surely is no pause: vowels and nasals of a sentence lie within it."""
_FADING: Final = 0.02
"""dB by which the loudest is forgotten with each block: 2 dB a second."""


class _Detector(Protocol):
    def is_speech(self, buf: bytes, sample_rate: int, /) -> bool: ...


def _webrtc(aggressiveness: int) -> _Detector:
    import webrtcvad  # noqa: PLC0415  (a native library: loaded when sound is, not when the configuration is checked)

    return cast("_Detector", webrtcvad.Vad(aggressiveness))


class SpeechDetector:
    """Judges single blocks of 480 samples; those below `floor` dBFS are never speech and cost nothing."""

    def __init__(self, aggressiveness: int, floor: float) -> None:
        self._detector = _webrtc(aggressiveness)
        self._floor = floor

    def voiced(self, block: Block, level: float) -> bool:
        """True where the block, `level` dBFS loud, is loud enough and sounds like speech."""
        return level >= self._floor and self._detector.is_speech(block.tobytes(), RATE)


class PauseDetector:
    """Says which blocks may be left out of recorded speech: careful, because a word lost is worse than a pause kept.

    A pause is what is 15 dB below the loudest of the last seconds or below the wake-up level, and no speech either to the detector
    that takes most sounds for it.
    """

    def __init__(self, config: VadConfig) -> None:
        self._detector = SpeechDetector(_CAREFUL, config.level - _BELOW)
        self._least = config.level
        self._loudest = config.level

    def pause(self, block: Block, level: float) -> bool:
        """True where the block, `level` dBFS loud, holds nothing to be kept."""
        self._loudest = max(self._loudest - _FADING, level)
        if level >= max(self._least, self._loudest - _SPREAD):
            return False
        return not self._detector.voiced(block, level)


class SpeechWindow:
    """Says when enough of the last `window` seconds was voiced: at once, and again every half second while it stays so."""

    def __init__(self, config: VadConfig) -> None:
        self._recent = [False] * max(1, round(config.window / BLOCK_S))
        self._needed = min(len(self._recent), max(1, round(config.voiced / BLOCK_S)))
        self._voiced = 0
        self._at = 0
        self._since = REPEAT

    def push(self, voiced: bool) -> bool:
        """Take the verdict on the next block; True when speech is to be reported now."""
        self._voiced += voiced - self._recent[self._at]
        self._recent[self._at] = voiced
        self._at = (self._at + 1) % len(self._recent)
        self._since += 1
        if self._voiced < self._needed or self._since < REPEAT:
            return False
        self._since = 0
        return True
