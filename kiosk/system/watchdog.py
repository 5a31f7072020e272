"""Signs of life: systemd ends and restarts a daemon that sends none for WatchdogSec."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from typing import Final, Protocol

_log = logging.getLogger(__name__)

BEAT: Final = 0.02
"""Seconds between two beats of the loop; a shorter hold-up may fall between them."""
LOOK: Final = 1.0
"""Seconds between two looks at what ails the device."""
STALL: Final = 10.0
"""Seconds without a beat after which the stacks are written, or 0.6 of systemd's limit where that is less: before systemd acts."""


class Stacks(Protocol):
    """Who writes the stacks of all threads when the loop stalls (`kiosk.system.stacks.StallStacks`)."""

    def alive(self, seconds: float) -> None: ...
    def close(self) -> None: ...


class Watchdog:
    """Sends signs of life by `ping` while the loop turns and `ails()` gives no reason, which a restart would mend, to withhold them.

    `limit` is systemd's, in seconds; without one nothing is sent, and a stall is written down all the same.
    """

    def __init__(self, ping: Callable[[], None], ails: Callable[[], str | None], stacks: Stacks, *, limit: float | None) -> None:
        self._ping = ping
        self._ails = ails
        self._stacks = stacks
        self._limit = limit
        self._stall = STALL if limit is None else min(STALL, 0.6 * limit)
        self._withheld: str | None = None
        self._sent = float("-inf")
        self.worst_lag_ms = 0.0
        """How late the loop came to a timer at worst, since the start or since somebody set this to 0."""

    async def run(self) -> None:
        """Runs for ever on the loop that it watches."""
        clock = asyncio.get_running_loop().time
        look_at = clock()
        try:
            while True:
                if clock() >= look_at:
                    look_at = clock() + LOOK
                    self._look(clock())
                due = clock() + BEAT
                await asyncio.sleep(BEAT)
                self.worst_lag_ms = max(self.worst_lag_ms, 1000 * (clock() - due))
        finally:
            self._stacks.close()

    def _look(self, now: float) -> None:
        self._stacks.alive(self._stall)
        why = self._ails()
        if why != self._withheld:
            self._note(why)
        # Half the limit is what sd_watchdog_enabled(3) recommends.
        if why is None and self._limit is not None and now - self._sent >= self._limit / 2 - LOOK / 2:
            self._sent = now
            self._ping()

    def _note(self, why: str | None) -> None:
        if why is None:
            _log.info("signs of life are sent again; over: %s", self._withheld)
        else:
            _log.error("no more signs of life are sent, so that systemd restarts the daemon: %s", why)
        self._withheld = why


def told_limit(environment: Mapping[str, str]) -> float | None:
    """WatchdogSec as systemd tells it (sd_watchdog_enabled(3)), in seconds; None where it watches nobody, or another process."""
    microseconds = environment.get("WATCHDOG_USEC", "")
    if not microseconds.isascii() or not microseconds.isdigit() or int(microseconds) == 0:
        return None
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(microseconds) / 1e6
