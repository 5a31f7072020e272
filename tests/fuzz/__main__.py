"""`scripts/fuzz`: every target for so many seconds, and a table of what came of it. 0 when nothing was found."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys

from rich.console import Console
from rich.table import Table

from tests.fuzz.targets import TARGETS
from tests.parts.process import ROOT

CORPUS = ROOT / ".cache" / "fuzz"


def main() -> int:
    """Fuzz the targets one after the other."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("seconds", nargs="?", type=int, default=60, help="for each target (60)")
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []], help=f"some of {', '.join(TARGETS)} (all)")
    chosen = parser.parse_args()
    table = Table("target", "inputs", "found")
    found = 0
    for target in chosen.targets or TARGETS:
        command = [sys.executable, "-m", "tests.fuzz.atheris_main", target, str(chosen.seconds), str(CORPUS / target)]
        done = subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        words = done.stdout.decode(errors="replace")
        count = re.search(r"stat::number_of_executed_units:\s*(\d+)", words)
        artifact = re.search(r"Test unit written to (\S+)", words)
        if done.returncode != 0:
            found += 1
            print(words[-3000:])
        table.add_row(
            target,
            f"{int(count[1]):,}" if count else "?",
            artifact[1] if artifact else f"exit {done.returncode}" if done.returncode else "nothing",
        )
    Console().print(table)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
