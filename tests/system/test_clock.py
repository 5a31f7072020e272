"""When the calendar may be wrong, and that it is seen being set."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from kiosk.system.clock import PLACED, Jumps, doubt

YEAR_2026 = 1_767_225_600.0
DAY = 86_400.0


def test_no_present_is_earlier_than_the_software(tmp_path: Path) -> None:
    assert time.time() > PLACED
    (tmp_path / "synchronized").touch()
    for early in (True, False):
        words = doubt(early, wall=lambda: YEAR_2026 - DAY, placed=YEAR_2026, timesync=tmp_path)
        assert words == "it says 2025-12-31, but the software is from 2026-01-01"


@pytest.mark.parametrize("early", [True, False])
def test_a_time_service_that_has_not_synchronised_is_a_doubt_until_it_has(tmp_path: Path, early: bool) -> None:
    def asked() -> str | None:
        return doubt(early, wall=lambda: YEAR_2026, placed=0.0, timesync=tmp_path)

    assert asked() == "it says 2026-01-01 and has not been synchronised since the start"
    (tmp_path / "synchronized").touch()
    assert asked() is None


@pytest.mark.parametrize("early", [True, False])
def test_without_a_time_service_that_tells_only_an_early_certificate_is_a_doubt(tmp_path: Path, early: bool) -> None:
    words = doubt(early, wall=lambda: YEAR_2026, placed=0.0, timesync=tmp_path / "none")
    assert words == ("it says 2026-01-01, and nothing tells whether it is synchronised" if early else None)


def test_a_jump_is_seen_once_and_slewing_is_none() -> None:
    wall, steady = 1000.0, 5.0
    jumps = Jumps(lambda: wall, lambda: steady)
    for moved, seen in ((0.0, 0.0), (0.0005, 0.0), (DAY, DAY), (0.0, 0.0), (-DAY, -DAY), (1.9, 0.0)):
        wall, steady = wall + 1.0 + moved, steady + 1.0
        assert jumps.seen() == pytest.approx(seen)
