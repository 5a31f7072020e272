"""What the tests of faults have in common: the real parts, and a table into which each writes the figure that it measured."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.faults.rows import ROWS
from tests.live.conftest import card, livekit_binary, sentence, server

__all__ = ["card", "livekit_binary", "sentence", "server"]

Report = Callable[[str, bool], None]


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Report:
    """`report(measured, held)`: print what was measured for the test's `@pytest.mark.fault(KEY)`, note it, and fail unless it held."""
    marker = request.node.get_closest_marker("fault")
    assert marker is not None, "the test names no row: @pytest.mark.fault(KEY)"
    key = str(marker.args[0])
    row, results = ROWS[key], request.config.getoption("--figures")

    def told(measured: str, held: bool) -> None:
        print(f"\n{row.fault}: {row.expected}: measured {measured}")
        if results is not None:
            with results.open("a") as file:
                file.write(json.dumps({"key": key, "measured": measured, "held": held}) + "\n")
        assert held, f"{row.fault}: expected: {row.expected}; measured: {measured}"

    return told
