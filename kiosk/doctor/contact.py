"""What the raw edges of a button say of its contact. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kiosk.panel.debounce import Debounce

NO_FINGER: Final = 0.05
"""Seconds between a release and the next press that no finger makes."""


@dataclass(frozen=True, slots=True)
class Contact:
    """Presses as the daemon would count them, and the bounce between."""

    edges: int
    presses: int
    bounces: int
    """Edges that were bounce."""
    longest_ms: float
    """From a change's first edge to the last bounce of it."""
    widest_ms: float
    """Between two edges of one bounce: what `button.debounce` must be longer than."""
    hasty: int
    """Presses that came sooner after the last release than a finger can: bounce that was taken for a press."""


class _Count:
    """A Debounce that is given its time by the edges, and counts."""

    def __init__(self, window: float) -> None:
        self._debounce = Debounce(window)
        self._level = False
        self._began = self._last = 0.0
        self._released = float("-inf")
        self.presses = self.bounces = self.hasty = 0
        self.longest = self.widest = 0.0

    def edge(self, moment: float, pressed: bool) -> None:
        self.settle(moment)
        within = self._debounce.due is not None
        if self._debounce.edge(moment, pressed):
            self._changed(moment)
        elif within:
            self.bounces += 1
            self.longest = max(self.longest, moment - self._began)
            self.widest = max(self.widest, moment - self._last)
        self._last, self._level = moment, pressed

    def settle(self, until: float) -> None:
        """What the daemon's timer does when the contact has been quiet for long enough: it looks at the level."""
        while (due := self._debounce.due) is not None and due <= until:
            if self._debounce.settle(due, self._level):
                self._changed(due)

    def _changed(self, moment: float) -> None:
        self._began = moment
        if not self._debounce.pressed:
            self._released = moment
            return
        self.presses += 1
        self.hasty += moment - self._released < NO_FINGER


def contact(edges: list[tuple[float, bool]], window: float) -> Contact:
    """`edges`: (seconds, pressed) in their order, of a contact that is open at first; `window`: the longest bounce."""
    count = _Count(window)
    for moment, pressed in edges:
        count.edge(moment, pressed)
    count.settle(float("inf"))
    return Contact(len(edges), count.presses, count.bounces, 1000 * count.longest, 1000 * count.widest, count.hasty)
