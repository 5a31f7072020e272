"""The calendar of a device without a clock chip: until time is synchronised it may say anything.

Nothing in the daemon waits or counts by it. It only matters to TLS, which is never loosened: a certificate that is out of its time
by a calendar that is not to be trusted is told apart from a wrong certificate.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

PLACED: Final = Path(__file__).stat().st_mtime
"""When the daemon was put on the device, or made: the present is later."""
TIMESYNC: Final = Path("/run/systemd/timesync")
"""systemd-timesyncd's own folder; its file `synchronized` comes with the first synchronisation since the boot."""
JUMP: Final = 2.0
"""Seconds by which the calendar must have moved at once to have been set; slewing moves it by 0.5 ms a second."""


def doubt(early: bool, *, wall: Callable[[], float] = time.time, placed: float = PLACED, timesync: Path = TIMESYNC) -> str | None:
    """Why a certificate that is not valid yet (`early`) or no longer may be the calendar's fault, in words; None where it is not.

    adjtimex(2) would know of other time services too, but a unit with a filter of system calls may be killed for asking.
    """
    now = wall()
    if now < placed:
        return f"it says {_day(now)}, but the software is from {_day(placed)}"
    if (timesync / "synchronized").exists():
        return None
    if timesync.is_dir():
        return f"it says {_day(now)} and has not been synchronised since the start"
    return f"it says {_day(now)}, and nothing tells whether it is synchronised" if early else None


class Jumps:
    """Sees the calendar being set, against a clock that nobody can set."""

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._steady = steady
        self._offset = wall() - steady()

    def seen(self) -> float:
        """Seconds by which the calendar was set forward or back since the last look; 0 where it was not."""
        offset = self._wall() - self._steady()
        moved, self._offset = offset - self._offset, offset
        return moved if abs(moved) >= JUMP else 0.0


def _day(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d}"
