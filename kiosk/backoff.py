"""Full-jitter exponential backoff with the randomness handed in, so that tests and simulations decide it."""

from __future__ import annotations

import random
from collections.abc import Callable


class Backoff:
    """Delays in seconds, each drawn evenly from [0, min(cap, base * growth**n)] (AWS Architecture Blog, "full jitter").

    Full jitter spreads a crowd of devices that lost the same server at the same moment over the whole interval. `rest` is the
    share of the cap that always passes once it is reached: by then a crowd is spread, and what is left to do is to ask seldom.
    """

    def __init__(
        self,
        *,
        base: float = 1.0,
        cap: float = 60.0,
        growth: float = 2.0,
        floor: float = 0.1,
        rest: float = 0.0,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._base = base
        self._cap = cap
        self._growth = growth
        self._floor = floor
        self._rest = rest
        self._uniform = uniform
        self.attempt = 0

    def next(self, told: float = 0.0) -> float:
        """The delay before the next attempt, in seconds, never below the floor.

        `told`: what the other side asked to wait. It passes first, and the delay after it is spread over as much again (at
        most the cap), since a crowd may have been told the same moment.
        """
        ceiling = min(self._cap, self._base * self._growth ** min(self.attempt, 32))
        self.attempt += 1
        least = self._rest * ceiling if ceiling == self._cap else 0.0
        return told + max(self._floor, self._uniform(least, min(self._cap, max(ceiling, told))))

    def reset(self) -> None:
        """Begin again from the base: called once something has worked."""
        self.attempt = 0
