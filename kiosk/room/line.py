"""The signalling connection as a sign of life: how long the media server has not answered on it, and how long that may be. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

SHORTEST: Final = 0.75
LONGEST: Final = 2.5
"""Seconds of silence that are no accident on the best and on the worst of lines, asked every ASKING."""
ASKING: Final = 0.2
"""Seconds between two questions; an answer is 6 bytes."""
_TIMES: Final = 3.0
"""How much longer than any silence so far: a packet that is lost is sent again after 0.2 s, then after twice and four times as long."""
_KNOWN: Final = 5
"""Answers (1 s) from which on a line is known. Some servers may never answer: then nothing is concluded."""
_FADING: Final = 0.998
"""A long silence counts half after a minute and more of answers."""


class Line:
    """`on_answer`: an answer came. Time passes by `wait` alone, so that a busy moment of our own is nobody's silence."""

    def __init__(self) -> None:
        self.on_answer: Callable[[], None] = lambda: None
        self.silence = 0.0
        """Seconds since something came."""
        self._answers = 0
        self._longest = 0.0
        self._excused = False

    @property
    def overdue(self) -> bool:
        """Whether the silence is too long to be an accident."""
        return not self._excused and self._answers >= _KNOWN and self.silence > min(LONGEST, max(SHORTEST, _TIMES * self._longest))

    def wait(self, seconds: float) -> None:
        """Time has passed."""
        self.silence += seconds

    def heard(self, *, answer: bool) -> None:
        """Something came."""
        self._longest = max(self.silence, self._longest * _FADING)
        self.silence, self._excused = 0.0, False
        if answer:
            self._answers += 1
            self.on_answer()

    def excuse(self) -> None:
        """The path of the sound is alive beside this silence: it says nothing, however long it gets."""
        self._excused = True

    def forget(self) -> None:
        """The connection has ended: what comes is a new one's."""
        self._answers, self._longest, self.silence, self._excused = 0, 0.0, 0.0, False
