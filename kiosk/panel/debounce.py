"""When a bouncing contact counts as pressed or released. Pure: time and level come in, changes go out."""

from __future__ import annotations


class Debounce:
    """A change counts at its first edge; what follows is bounce until no edge has come for `window` seconds.

    Then the level is looked at again. So a press is known without delay, however long the contact bounces, and a last edge
    that was bounce, or was lost, is made good: a tap shorter than the window is still one press and one release.
    """

    def __init__(self, window: float, *, pressed: bool = False) -> None:
        self.window = window
        self.pressed = pressed
        self.due: float | None = None
        """When `settle` must be called, in the same seconds as the edges' times; None while the contact is quiet."""

    def edge(self, now: float, pressed: bool) -> bool:
        """True when this edge is a change of `pressed`."""
        if self.due is not None and now < self.due:
            self.due = now + self.window
            return False
        return self._take(now, pressed)

    def settle(self, now: float, pressed: bool) -> bool:
        """True when the level at the end of the quiet time is a change of `pressed`; another quiet time is awaited then."""
        self.due = None
        return self._take(now, pressed)

    def _take(self, now: float, pressed: bool) -> bool:
        if pressed == self.pressed:
            return False
        self.pressed = pressed
        self.due = now + self.window
        return True
