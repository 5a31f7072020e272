"""How long an event loop was held up by its own work: what the machine's other processes cost it does not count."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Final

GRAIN: Final = 0.01


class Lag:
    """`watch` runs on the loop in question."""

    def __init__(self) -> None:
        self._worst = 0.0

    async def watch(self) -> None:
        """Runs until cancelled."""
        while True:
            due, waited = time.monotonic() + GRAIN, _waited()
            await asyncio.sleep(GRAIN)
            self._worst = max(self._worst, time.monotonic() - due - (_waited() - waited))

    def take(self) -> float:
        """The longest hold-up in seconds since the last time."""
        worst, self._worst = self._worst, 0.0
        return worst


def _waited() -> float:
    """Seconds this thread has stood in the scheduler's queue, ready to run (Linux, Documentation/scheduler/sched-stats.rst)."""
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) * 1e-9
