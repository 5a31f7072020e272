"""What the tests of faults have in common: the real parts, and a table into which each writes the figure that it measured."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.faults.rows import ROWS
from tests.live.conftest import card, livekit_binary, sentence, server

__all__ = ["card", "livekit_binary", "sentence", "server"]

Report = Callable[[str, bool], None]

_RESULTS: Final = pytest.StashKey[Path | None]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--figures FILE`: where the rows that were measured are written, a JSON line each."""
    parser.addoption("--figures", type=Path, default=None)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_RESULTS] = config.getoption("--figures")


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Report:
    """`report(measured, held)`: print what was measured for the test's `@pytest.mark.fault(KEY)`, note it, and fail unless it held."""
    marker = request.node.get_closest_marker("fault")
    assert marker is not None, "the test names no row: @pytest.mark.fault(KEY)"
    key = str(marker.args[0])
    row, results = ROWS[key], request.config.stash.get(_RESULTS, None)

    def told(measured: str, held: bool) -> None:
        print(f"\n{row.fault}: {row.expected}: measured {measured}")
        if results is not None:
            with results.open("a") as file:
                file.write(json.dumps({"key": key, "measured": measured, "held": held}) + "\n")
        assert held, f"{row.fault}: expected: {row.expected}; measured: {measured}"

    return told
