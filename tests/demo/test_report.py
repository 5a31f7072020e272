"""The verdict on a visit."""

from __future__ import annotations

import pytest

from kiosk.sim.report import Answer, Figures, judge, words
from kiosk.sim.trace import Trace

WHOLE = Trace(0.0, 0.9, 0.1)


def figures(sent: Trace = WHOLE, heard: Trace = WHOLE) -> Figures:
    answer = Answer(sent, heard, 1100.0, 1000.0)
    return Figures(
        press_to_led=2.0, press_to_live=400.0, answers=[answer, answer], outage_s=3.0, recovery_s=1.5, recovered_by="a new session"
    )


def test_a_good_visit_has_nothing_wrong() -> None:
    assert judge(figures()) == []
    assert "OK" in words(figures())


@pytest.mark.parametrize(
    "bad", [figures(sent=Trace(100.0, 0.8, 0.0)), figures(heard=Trace(0.0, 0.59, 0.0)), Figures(failures=["it broke"])]
)
def test_anything_wrong_is_told_and_no_ok_with_it(bad: Figures) -> None:
    assert judge(bad)
    assert "FAILED" in words(bad)
    assert "OK" not in words(bad)


def test_what_was_not_measured_is_said_and_not_made_up() -> None:
    text = words(Figures(unknown=["the round trip: nobody knows"]))
    assert "not measured" in text
    assert "round trip  " not in text
