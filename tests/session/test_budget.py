"""No minute holds more requests than allowed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kiosk.session.budget import PERIOD, Budget


def test_slots_come_back_one_by_one() -> None:
    budget = Budget(2)
    assert budget.wait(0.0) == 0.0
    budget.spend(0.0)
    budget.spend(10.0)
    assert budget.wait(10.0) == 50.0
    assert budget.wait(10.0, slots=2) == 60.0
    assert budget.wait(60.0) == 0.0
    assert budget.wait(60.0, slots=2) == 10.0


@given(st.integers(1, 6), st.lists(st.floats(0.0, 40.0), max_size=60), st.integers(1, 2))
def test_no_minute_is_ever_overfull(limit: int, pauses: list[float], slots: int) -> None:
    budget, now, spent = Budget(limit), 0.0, list[float]()
    for pause in pauses:
        now += pause
        now += budget.wait(now, min(slots, limit))
        assert budget.wait(now, min(slots, limit)) < 1e-6
        budget.spend(now)
        spent.append(now)
    for index in range(limit, len(spent)):
        assert spent[index] - spent[index - limit] >= PERIOD - 1e-6
