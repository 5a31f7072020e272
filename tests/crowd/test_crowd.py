"""A crowd's recovery stays below the bound that is derived for it, whatever the outage and the luck."""

from __future__ import annotations

import pytest

from kiosk.attempts import CAP
from tests.crowd.crowd import KINDS, Crowd, Kind, bound, simulate

SIZE = 1_500
OUTAGE = 900.0
"""Seconds: as long as moments take to have nothing to do with each other. `scripts/crowd` takes the whole hour and 10,000."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_recovery_stays_below_the_derived_bound(kind: Kind, seed: int) -> None:
    load = simulate(Crowd(SIZE, kind, seed, OUTAGE))
    assert 0 < load.sessions_peak <= bound(SIZE), load
    assert load.looks_peak <= bound(SIZE), load
    # Nobody waits for a session that is to be held ahead: there are up to 5 min between two tries.
    assert load.back <= (300 if kind == "held ahead" else CAP) + 1, load


def test_the_bound_is_not_a_loose_one() -> None:
    """Were every device back within 30 s instead of 60, it would break it."""
    load = simulate(Crowd(SIZE, "in calls", 1, OUTAGE))
    assert load.sessions_peak > bound(SIZE) / 2
    assert load.sessions_minute == pytest.approx(SIZE / 60, rel=0.05)


def test_the_bound_of_ten_thousand_is_the_one_that_is_written_down() -> None:
    assert bound(10_000) == 325
