"""Which of the clicks that are heard is the echo of which that was sent."""

from __future__ import annotations

import pytest

from tests.bench.clicks import delays, pauses


def moments() -> list[float]:
    """When twenty clicks are sent."""
    now, sent = 0.0, list[float]()
    for pause in pauses(20):
        sent.append(now)
        now += pause
    return sent


def test_a_steady_delay_is_found_without_the_clicks_that_were_lost() -> None:
    sent = moments()
    heard = [early + 0.2 for number, early in enumerate(sent) if number % 5]
    assert delays(sent, heard) == pytest.approx([0.2] * 16)


def test_a_delay_that_grows_is_followed() -> None:
    sent = moments()
    grown = [0.4 + 0.03 * number for number in range(20)]
    found = delays(sent, [early + late for early, late in zip(sent, grown, strict=True)])
    assert found == pytest.approx(grown)


def test_silence_has_no_delays() -> None:
    assert delays(moments(), []) == []
