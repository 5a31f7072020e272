"""One target under atheris, until its time is over or it finds something: `python -m tests.fuzz.atheris_main TARGET SECONDS CORPUS`.

A process of its own for each target: libFuzzer ends the process it runs in.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, cast

import atheris  # pyright: ignore[reportMissingModuleSource]  `scripts/fuzz` brings it

from tests.fuzz.seeds import SEEDS, WORDS

with cast(Any, atheris).instrument_imports(include=["kiosk", "yaml", "json"]):
    from tests.fuzz.targets import TARGETS

LONGEST = 64 * 1024
"""Bytes of an input."""
HANG = 10
"""Seconds for one input, of which most take less than a millisecond."""
MEGABYTES = 1024
"""Memory of the whole process, instrumentation and corpus included."""


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


def main(target: str, seconds: str, corpus: str) -> None:
    """Fuzz; never returns."""
    folder = Path(corpus)
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS[target]):
        (folder / f"seed-{number}").write_bytes(seed)
    words = folder.parent / f"{target}.words"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in WORDS[target]))
    options = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-timeout={HANG}", f"-rss_limit_mb={MEGABYTES}"]
    options += [f"-dict={words}", f"-artifact_prefix={folder.parent}/{target}-", "-print_final_stats=1", "-verbosity=0"]
    run = cast(Any, atheris)
    run.Setup([sys.argv[0], *options, corpus], TARGETS[target])
    run.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
