"""How long a line may be silent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.room.line import ASKING, LONGEST, SHORTEST, Line

MARGIN = 0.01


def known(*silences: float) -> Line:
    """A line that has answered for a minute, with these silences at the end."""
    line = Line()
    for silence in [*[ASKING] * 300, *silences]:
        line.wait(silence)
        line.heard(answer=True)
    return line


def patience(line: Line) -> float:
    """Seconds of silence until it is overdue."""
    waited = 0.0
    while not line.overdue:
        line.wait(MARGIN)
        waited += MARGIN
    return waited


def test_a_good_line_is_overdue_soon() -> None:
    assert patience(known()) == pytest.approx(SHORTEST, abs=2 * MARGIN)


def test_a_line_that_was_silent_for_long_may_be_so_again() -> None:
    assert patience(known(0.5)) == pytest.approx(1.5, abs=2 * MARGIN)
    assert patience(known(0.5, *[ASKING] * 350)) == pytest.approx(0.75, abs=4 * MARGIN)
    assert patience(known(5.0)) == pytest.approx(LONGEST, abs=2 * MARGIN)


def test_a_line_that_is_not_known_yet_is_never_overdue() -> None:
    line = Line()
    for _ in range(4):
        line.heard(answer=True)
        line.wait(ASKING)
    line.wait(3600.0)
    assert not line.overdue


def test_a_server_that_does_not_answer_is_never_overdue() -> None:
    line = Line()
    for _ in range(1000):
        line.heard(answer=False)
    line.wait(3600.0)
    assert not line.overdue


def test_whatever_comes_ends_the_silence_and_answers_are_told() -> None:
    line, told = known(), [0]
    line.on_answer = lambda: told.append(1)
    line.wait(SHORTEST + MARGIN)
    line.heard(answer=False)
    assert (line.overdue, line.silence, told) == (False, 0.0, [0])
    line.heard(answer=True)
    assert told == [0, 1]


def test_a_silence_beside_a_living_path_says_nothing_and_is_remembered() -> None:
    line = known()
    line.wait(SHORTEST + MARGIN)
    line.excuse()
    line.wait(3600.0)
    assert not line.overdue
    line.heard(answer=True)
    assert patience(line) == pytest.approx(LONGEST, abs=2 * MARGIN)


def test_a_new_connection_is_not_known() -> None:
    line = known()
    line.forget()
    line.wait(3600.0)
    assert not line.overdue


@given(st.lists(st.floats(0.0, 10.0), max_size=50))
def test_its_patience_stays_within_its_bounds(silences: list[float]) -> None:
    assert SHORTEST - MARGIN <= patience(known(*silences)) <= LONGEST + 2 * MARGIN
