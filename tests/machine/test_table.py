"""The table against the rules, and every row's mutants against the rules."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kiosk.machine.effects import Do
from kiosk.machine.events import On
from kiosk.machine.states import State
from kiosk.machine.table import ROWS, STAYS, TABLE, TIMERS, Nothing, Row, table_of
from tests.machine.rules import violations


def mutants(row: Row) -> Iterator[tuple[str, Row | None]]:
    """The row dropped, every other target, and each effect dropped or all effects reversed."""
    state, on, target, effects = row
    yield "dropped", None
    for other in (*State, *Nothing):
        if other is not target:
            yield f"target {other.value}", (state, on, other, effects)
    for index in range(len(effects)):
        yield f"without {effects[index]}", (state, on, target, (*effects[:index], *effects[index + 1 :]))
    if len(effects) > 1:
        yield "effects reversed", (state, on, target, effects[::-1])


def test_every_cell_is_explicit_once() -> None:
    cells = [(state, on) for state, on, _, _ in ROWS]
    assert len(cells) == len(set(cells)) == len(State) * len(On)


def test_table_keeps_every_rule() -> None:
    assert list(violations(TABLE)) == []


@pytest.mark.parametrize("index", range(len(ROWS)), ids=[f"{state}-{on}" for state, on, _, _ in ROWS])
def test_mutants_of_every_row_are_killed(index: int) -> None:
    for name, mutant in mutants(ROWS[index]):
        rows = (*ROWS[:index], *((mutant,) if mutant else ()), *ROWS[index + 1 :])
        assert list(violations(table_of(rows))), f"{ROWS[index][:2]} {name} survives"


def test_cells_that_do_nothing_have_no_effects() -> None:
    assert [row for row in ROWS if isinstance(row[2], Nothing) and row[3]] == []


def test_every_state_that_is_not_at_rest_has_a_longest_stay() -> None:
    assert set(STAYS) == set(State) - {State.IDLE, State.LIVE}


def test_every_started_timer_may_run_where_the_row_leads() -> None:
    starts = {Do.START_TAIL: "tail", Do.START_RETRY: "retry", Do.START_PATIENCE: "patience", Do.START_SILENCE: "silence"}
    starts |= {Do.START_CALL: "call", Do.START_AGENT: "agent", Do.START_AGENT_BACK: "agent"}
    for _, _, target, effects in ROWS:
        if isinstance(target, State):
            assert {starts[effect] for effect in effects if effect in starts} <= set(TIMERS[target])
