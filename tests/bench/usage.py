"""What a process uses: CPU time in all and of each thread, and memory. From /proc, by anybody, without the process's help."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Usage:
    """At the monotonic second `at`: CPU seconds (user and system) of the process and of its threads that live."""

    at: float
    cpu: float
    threads: dict[int, float]

    def percent_since(self, before: Usage) -> float:
        """Of one core, between the two."""
        return 100.0 * (self.cpu - before.cpu) / (self.at - before.at)

    def threads_since(self, before: Usage) -> dict[int, float]:
        """The same of each thread, by its native id."""
        span = self.at - before.at
        return {number: 100.0 * (cpu - before.threads.get(number, 0.0)) / span for number, cpu in self.threads.items()}


def usage(pid: int) -> Usage:
    """Now."""
    folder = Path(f"/proc/{pid}")
    threads = {int(task.name): _cpu(task / "stat") for task in (folder / "task").iterdir()}
    return Usage(time.monotonic(), _cpu(folder / "stat"), threads)


def memory(pid: int) -> tuple[float, float]:
    """Megabytes: resident, and proportional (shared pages divided among those who share them)."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    resident, proportional = (int(fields[name].split()[0]) / 1024 for name in ("Rss", "Pss"))
    return resident, proportional


def load() -> float:
    """The machine's load of the last minute."""
    return os.getloadavg()[0]


def _cpu(stat: Path) -> float:
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
