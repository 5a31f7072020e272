"""How often the API may be asked: a window that slides, so that no minute ever holds more requests than allowed. Pure."""

from __future__ import annotations

from collections import deque
from typing import Final

PERIOD: Final = 60.0


class Budget:
    """At most `limit` requests in any 60 s. Times are monotonic seconds, handed in, and never run backwards."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._spent: deque[float] = deque(maxlen=limit)

    def resize(self, limit: int) -> None:
        """Another limit from now on; what was spent stays spent."""
        self._limit = limit
        self._spent = deque(self._spent, maxlen=limit)

    def spend(self, now: float) -> None:
        """One request was made. Told when its answer is there, not when it left: so the server's window cannot be the fuller one."""
        self._spent.append(now)

    def wait(self, now: float, slots: int = 1) -> float:
        """Seconds until `slots` requests (at most the limit) may be made; 0.0 when they may be made now."""
        live = [moment for moment in self._spent if moment + PERIOD > now]
        blocking = len(live) + slots - self._limit
        return live[blocking - 1] + PERIOD - now if blocking > 0 else 0.0
