"""`scripts/faults`: inject every fault for real and print the table of what was measured; `--readme` also writes it there."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.faults.rows import ROWS
from tests.parts.process import ROOT
from tests.readme import README

OPENING, CLOSING = "<!-- measured: faults -->\n", "<!-- end -->"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the tests of one row measured, all together."""

    measured: str
    verdict: str


def outcomes(figures: Path) -> dict[str, Outcome]:
    """The rows' outcomes from the lines that the tests wrote; a row without a line was not measured."""
    lines = [json.loads(line) for line in figures.read_text().splitlines()] if figures.exists() else []
    found: dict[str, Outcome] = {}
    for key in ROWS:
        mine = [line for line in lines if line["key"] == key]
        held = all(line["held"] for line in mine)
        verdict = ("held" if held else "NOT HELD") if mine else "not measured"
        found[key] = Outcome("; ".join(line["measured"] for line in mine), verdict)
    return found


def markdown(found: dict[str, Outcome]) -> str:
    """The table for the README."""
    rows = [f"| {ROWS[key].fault} | {ROWS[key].expected} | {each.measured} | {each.verdict} |" for key, each in found.items()]
    return "\n".join(["| fault | expected | measured | verdict |", "|---|---|---|---|", *rows])


def main() -> int:
    """Run the tests that measure, and print. 0 when every row asked for held."""
    parser = argparse.ArgumentParser(prog="scripts/faults", description=__doc__)
    parser.add_argument("--slow", action="store_true", help="the rows that take minutes, too")
    parser.add_argument("--readme", action="store_true", help="write the table into README.md; needs --slow")
    parser.add_argument("-k", default="", metavar="WORDS", help="only the tests whose names match, as pytest's -k")
    chosen = parser.parse_args()
    if chosen.readme and (chosen.k or not chosen.slow):
        parser.error("--readme writes the whole table: it needs --slow, and no -k")
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures"
        command = [sys.executable, "-m", "pytest", "tests", "-s", "--figures", str(figures)]
        command += ["-m", "fault" if chosen.slow else "fault and not slow", *(["-k", chosen.k] if chosen.k else [])]
        failed = subprocess.run(command, cwd=ROOT, check=False).returncode != 0
        found = outcomes(figures)
    console = Console()
    table = Table("fault", "expected", "measured", "verdict")
    for key, each in found.items():
        table.add_row(ROWS[key].fault, ROWS[key].expected, each.measured, each.verdict)
    console.print(table)
    if chosen.readme:
        before, opening, rest = README.read_text().partition(OPENING)
        README.write_text(f"{before}{opening}{markdown(found)}\n{CLOSING}{rest.partition(CLOSING)[2]}")
    wanted = [each for each in found.values() if chosen.slow or each.measured]
    return int(failed or any(each.verdict != "held" for each in wanted))


if __name__ == "__main__":
    sys.exit(main())
