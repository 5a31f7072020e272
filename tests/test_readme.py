"""What README.md and docs/ draw from the code is what the code says, and what they name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kiosk.machine.states import State
from kiosk.machine.table import ROWS
from kiosk.panel.patterns import BUILT_IN
from tests.readme import BLOCKS, README, drawn, glance


@pytest.mark.parametrize("file", BLOCKS, ids=lambda file: file.name)
def test_drawn_blocks_are_true(file: Path) -> None:
    assert file.read_text() == drawn(file), "type .venv/bin/python -m tests.readme"


def test_no_two_lights_look_the_same() -> None:
    looks = [(glance(blink), blink.color) for blink in BUILT_IN.values()]
    assert len(set(looks)) == len(looks)


def test_the_state_diagram_has_every_change_of_state() -> None:
    text = README.read_text()
    for state, on, target, _ in ROWS:
        if isinstance(target, State) and target is not state:
            line = next(line for line in text.splitlines() if line.strip().startswith(f"{state} --> {target}:"))
            assert on.value in line.split(": ", 1)[1].split(", ")


def test_files_that_are_named_are_there() -> None:
    named = re.findall(r"\]\(([\w./-]+)\)|`((?:scripts|config|docs|tests|kiosk)/[\w./-]+)`", README.read_text())
    assert len(named) > 10
    assert [link or code for link, code in named if not (README.parent / (link or code)).exists()] == []
