"""Bounce is one press; nothing is lost; nothing waits."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from kiosk.panel.debounce import Debounce

WINDOW = 0.02


def changes(edges: list[tuple[float, bool]], window: float = WINDOW) -> list[tuple[float, bool]]:
    """What a contact with these edges (time, pressed) leads to, the settling timer played by hand."""
    debounce = Debounce(window)
    told: list[tuple[float, bool]] = []
    level = False

    def settle_before(now: float) -> None:
        while debounce.due is not None and debounce.due <= now:
            due = debounce.due
            if debounce.settle(due, level):
                told.append((due, debounce.pressed))

    for now, pressed in edges:
        settle_before(now)
        level = pressed
        if debounce.edge(now, pressed):
            told.append((now, pressed))
    settle_before(float("inf"))
    return told


def test_first_edge_counts_at_once() -> None:
    assert changes([(5.0, True)]) == [(5.0, True)]


def test_fifty_bounces_in_twenty_milliseconds_are_one_press_and_one_release() -> None:
    bouncing = [(index * 0.0002, index % 2 == 0) for index in range(101)]  # as long as the window itself
    let_go = [(1.0 + time, not pressed) for time, pressed in bouncing]
    assert changes(bouncing + let_go) == [(0.0, True), (1.0, False)]


def test_a_tap_shorter_than_the_window_is_a_press_and_a_release() -> None:
    assert changes([(1.0, True), (1.005, False)]) == [(1.0, True), (1.005 + WINDOW, False)]


def test_a_lost_last_edge_is_made_good_when_the_window_ends() -> None:
    debounce = Debounce(WINDOW)
    assert debounce.edge(1.0, True)
    assert debounce.settle(1.0 + WINDOW, False)
    assert not debounce.pressed
    assert debounce.due == 1.0 + 2 * WINDOW
    assert not debounce.settle(1.0 + 2 * WINDOW, False)
    assert debounce.due is None


def test_held_from_the_start_is_no_press() -> None:
    debounce = Debounce(WINDOW, pressed=True)
    assert not debounce.edge(0.0, True)
    assert debounce.edge(1.0, False)


@given(st.lists(st.floats(min_value=0.0, max_value=0.1, allow_nan=False), max_size=60))
def test_any_contact_alternates_keeps_its_distance_and_ends_true(gaps: list[float]) -> None:
    times = list(itertools.accumulate(gaps))
    edges = [(time, index % 2 == 0) for index, time in enumerate(times)]
    told = changes(edges)
    assert [pressed for _, pressed in told] == [index % 2 == 0 for index in range(len(told))]
    assert all(later - earlier >= WINDOW - 1e-9 for (earlier, _), (later, _) in itertools.pairwise(told))
    assert (told[-1][1] if told else False) == (edges[-1][1] if edges else False)
    assert not edges or told[0] == edges[0]
