"""Durations read and written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.config.units import format_duration, parse_duration


@given(st.integers(0, 10**9))
def test_every_whole_number_of_microseconds_survives(microseconds: int) -> None:
    seconds = microseconds / 1_000_000
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize(("text", "seconds"), [("500ms", 0.5), ("300ms", 0.3), ("1.5s", 1.5), ("5m", 300.0), ("1h", 3600.0), ("0s", 0.0)])
def test_units(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(("seconds", "text"), [(0.02, "20ms"), (90.0, "90s"), (60.0, "1m"), (1.5, "1.5s"), (86_400.0, "24h"), (0.0, "0ms")])
def test_written_short(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize("wrong", ["", "5", "-5s", "5 s", "s", "5d", "1e3s", "٣s", "5s\n", "9" * 400 + "h", None, True, [], {}])
def test_all_else_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="a duration needs a number and a unit"):
        parse_duration(wrong)


def test_a_bare_number_is_told_its_units() -> None:
    with pytest.raises(ValueError, match="such as `30s` or `30ms`"):
        parse_duration(30)
