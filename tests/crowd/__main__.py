"""`scripts/crowd`: a crowd of devices through an hour's outage of the session API; what it has to bear when it is back."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console
from rich.table import Table

from tests.crowd.crowd import KINDS, Crowd, bound, simulate


def main() -> int:
    """Simulate every kind of outage and print; 0 when the bound held in all."""
    parser = argparse.ArgumentParser(prog="scripts/crowd", description=__doc__)
    parser.add_argument("--devices", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    limit = bound(chosen.devices)
    table = Table(
        "the hour", "sessions/s, peak", "first minute's mean", "looks/s, peak", "last one back after", title=f"{chosen.devices:,} devices"
    )
    held = True
    for kind, words in KINDS.items():
        load = simulate(Crowd(chosen.devices, kind, chosen.seed))
        held = held and max(load.sessions_peak, load.looks_peak) <= limit
        table.add_row(words, str(load.sessions_peak), f"{load.sessions_minute:.0f}", str(load.looks_peak), f"{load.back:.0f} s")
    Console().print(table)
    print(f"The derived bound is {limit} of each a second (tests/crowd/crowd.py): {'held' if held else 'NOT HELD'}.")
    return int(not held)


if __name__ == "__main__":
    sys.exit(main())
