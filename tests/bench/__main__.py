"""`python -m tests.bench`: everything that is measured, in one run, round by round. Asserts nothing."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from pathlib import Path
from typing import Final

from rich.console import Console

from tests.bench.first_words import first_words
from tests.bench.presses import presses
from tests.bench.results import Sheet
from tests.bench.round_trip import CONTESTANTS, RoundTrips
from tests.bench.stage import stage
from tests.bench.usage import load
from tests.parts.framework_agent.agent import agents_python

PARTS: Final = ("round-trip", "presses", "first-words")


async def measure(options: argparse.Namespace, progress: Console) -> list[Sheet]:
    """The tables, in order."""
    sheets: list[Sheet] = []

    def say(text: str) -> None:
        progress.print(text, style="dim", highlight=False)

    async with stage() as ready:
        if "round-trip" in options.only:
            trips = RoundTrips(ready, options.clicks, say)
            contestants = tuple(name for name in CONTESTANTS if options.contestant in (None, name))
            for number in range(1, options.rounds + 1):
                await trips.play(number, contestants)
            trips.ratios()
            sheets += [trips.trips, trips.usage, trips.threads]
        if "presses" in options.only:
            sheets.append(await presses(ready, options.presses, say))
        if "first-words" in options.only:
            sheets.append(await first_words(ready, agents_python(), options.runs, say))
    return sheets


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measures the kiosk beside what there is.")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of calls")
    parser.add_argument("--clicks", type=int, default=12, help="clicks in a round, about a second each")
    parser.add_argument("--presses", type=int, default=10)
    parser.add_argument("--runs", type=int, default=3, help="visits for each way of the first words and each delay")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS)
    parser.add_argument("--contestant", choices=CONTESTANTS, help="play the rounds with this one alone")
    parser.add_argument("--json", type=Path, metavar="FILE", help="every single figure")
    options = parser.parse_args()
    before = load()
    sheets = asyncio.run(measure(options, Console(stderr=True)))
    console = Console(width=None if os.isatty(1) else 200)
    for sheet in sheets:
        console.print(sheet.drawn())
    console.print(f"{os.cpu_count()} cores; load {before:.1f} before, {load():.1f} after; medians (least–greatest)", highlight=False)
    if options.json:
        options.json.write_text(json.dumps({sheet.title: sheet.plain() for sheet in sheets}, indent=1))


if __name__ == "__main__":
    main()
