"""Each indication is told by rhythm alone; frames are what the steps say."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest

from kiosk.config.model import Blink
from kiosk.panel.patterns import BUILT_IN, FRAMES_PER_S, frames, pattern
from kiosk.signals import Indication


@dataclass(frozen=True)
class Rhythm:
    """What an eye that sees only light and dark makes of a pattern."""

    flashes: int
    period: float
    lit: float


def rhythm(blink: Blink) -> Rhythm:
    """Flashes in one round, its length in seconds, and the share of it that is light."""
    period = sum(seconds for _, seconds in blink.steps)
    middle = max(level for level, _ in blink.steps) / 2
    frame, elapsed, lights, lit = frames(blink), 0.0, list[bool](), 0.0
    while elapsed < period - 1e-9:
        level, seconds = next(frame)
        if seconds is None:
            return Rhythm(0, 0.0, 1.0 if level > 0 else 0.0)
        lights.append(level > middle)
        elapsed += seconds
        lit += seconds if lights[-1] else 0.0
    flashes = sum(light and not before for before, light in zip([lights[-1], *lights], lights, strict=False))
    return Rhythm(flashes, period, lit / period)


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(Indication, 2)))
def test_any_two_indications_differ_without_their_colors(one: Indication, other: Indication) -> None:
    a, b = rhythm(BUILT_IN[one]), rhythm(BUILT_IN[other])
    slower = max(a.period, b.period) / max(min(a.period, b.period), 0.001)
    assert a.flashes != b.flashes or abs(a.lit - b.lit) >= 0.2 or slower >= 1.5


def test_no_pattern_flickers_in_the_range_that_can_harm() -> None:
    # Full light and dark more than 5 times a second comes near photosensitive epilepsy's 15 to 25.
    assert all(r.flashes <= 5 * r.period for r in map(rhythm, BUILT_IN.values()))


def test_every_pattern_can_be_replaced() -> None:
    own = Blink.model_validate({"color": "#123456", "steps": [[1.0, "1s"]]})
    for indication in Indication:
        assert pattern(indication, {indication: own}) is own
        assert pattern(indication, {}) is BUILT_IN[indication]


def test_a_steady_pattern_has_one_frame_only() -> None:
    steady = Blink.model_validate({"color": "#ffffff", "steps": [[0.5, "1s"], [0.5, "2s"]]})
    assert list(frames(steady)) == [(0.5, None)]


def test_steps_go_round() -> None:
    blink = Blink.model_validate({"color": "#ffffff", "steps": [[1.0, "100ms"], [0.0, "300ms"]]})
    assert list(itertools.islice(frames(blink), 3)) == [(1.0, 0.1), (0.0, 0.3), (1.0, 0.1)]


def test_a_fade_glides_at_no_more_than_its_frame_rate() -> None:
    blink = Blink.model_validate({"color": "#ffffff", "steps": [[0.0, "1s"], [1.0, "50ms"]], "fade": True})
    round_ = list(itertools.islice(frames(blink), FRAMES_PER_S + 1))
    levels = [level for level, _ in round_]
    assert levels == sorted(levels)
    assert levels[0] == 0.0
    assert levels[-1] == 1.0
    assert all(seconds is not None and seconds >= 1 / FRAMES_PER_S - 1e-9 for _, seconds in round_)
