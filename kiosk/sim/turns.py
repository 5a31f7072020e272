"""When the visitor has said something and is done: end-of-turn detection, pure."""

from __future__ import annotations

from typing import Final, NamedTuple

FRAME_S: Final = 0.02
VOICED_S: Final = 0.25
"""Seconds of voiced frames that make a turn; less is a cough."""
SILENCE_S: Final = 0.7
"""Seconds after the last voiced frame at which the turn is over."""
RUN_UP: Final = 14_400
"""Samples before the first voiced frame that still belong to the turn (300 ms)."""


class Turn(NamedTuple):
    """Samples `start` to `end` of what was heard."""

    start: int
    end: int


class Turns:
    """Fed with each frame of 20 ms; times are the loop's, so that silence which DTX does not send counts too."""

    def __init__(self) -> None:
        self._start = 0
        self._end = 0
        self._voiced = 0.0
        self._last = 0.0

    @property
    def speaking(self) -> bool:
        """The visitor has begun a turn and not ended it."""
        return self._voiced >= VOICED_S

    def frame(self, voiced: bool, start: int, end: int, at: float) -> None:
        """One frame, samples `start` to `end`, arrived at `at`."""
        if not voiced:
            return
        if at - self._last >= SILENCE_S and not self.speaking:
            self._voiced = 0.0
        if self._voiced == 0.0:
            self._start = max(0, start - RUN_UP)
        self._voiced += FRAME_S
        self._end = end
        self._last = at

    def ended(self, at: float) -> Turn | None:
        """The turn that is over by `at`, once."""
        if not self.speaking or at - self._last < SILENCE_S:
            return None
        self._voiced = 0.0
        return Turn(self._start, self._end)
