"""Raw edges of a button, counted as the daemon counts them."""

from __future__ import annotations

import pytest

from kiosk.config.model import ButtonConfig
from kiosk.doctor.contact import Contact, contact
from kiosk.doctor.findings import Verdict
from kiosk.doctor.panel import judge_button, judge_led

Edges = list[tuple[float, bool]]
WINDOW = 0.02


def clean(presses: int, length: float = 0.2) -> Edges:
    return [edge for index in range(presses) for edge in ((2 * index * length, True), ((2 * index + 1) * length, False))]


def bouncing(at: float, pressed: bool, times: int, apart: float) -> Edges:
    """A change that bounces so often before it rests."""
    return [(at + index * apart, (index % 2 == 0) is pressed) for index in range(2 * times + 1)]


@pytest.mark.parametrize(
    ("edges", "found"),
    [
        ([], Contact(0, 0, 0, 0.0, 0.0, 0)),
        (clean(1), Contact(2, 1, 0, 0.0, 0.0, 0)),
        (clean(3), Contact(6, 3, 0, 0.0, 0.0, 0)),
        ([*bouncing(0.0, True, 3, 0.001), (0.3, False)], Contact(8, 1, 6, 6.0, 1.0, 0)),
        (bouncing(0.0, True, 2, 0.002) + bouncing(0.3, False, 1, 0.004), Contact(8, 1, 6, 8.0, 4.0, 0)),
        # A tap shorter than the window is one press, and made good when it is quiet.
        ([(0.0, True), (0.005, False)], Contact(2, 1, 1, 5.0, 5.0, 0)),
        # Bounce that pauses for longer than the window is taken for presses.
        ([(0.0, True), (0.2, False), (0.23, True), (0.4, False)], Contact(4, 2, 0, 0.0, 0.0, 1)),
        # Only a release: it was held before.
        ([(0.0, False)], Contact(1, 0, 0, 0.0, 0.0, 0)),
    ],
)
def test_counting(edges: Edges, found: Contact) -> None:
    counted = contact(edges, WINDOW)
    assert (counted.edges, counted.presses, counted.bounces, counted.hasty) == (found.edges, found.presses, found.bounces, found.hasty)
    assert counted.longest_ms == pytest.approx(found.longest_ms)
    assert counted.widest_ms == pytest.approx(found.widest_ms)


@pytest.mark.parametrize(
    ("found", "verdict", "words"),
    [
        (Contact(0, 0, 0, 0.0, 0.0, 0), Verdict.FAILURE, "not one edge"),
        (Contact(6, 3, 0, 0.0, 0.0, 0), Verdict.OK, "3 presses, 6 edges, no bounce"),
        (Contact(8, 3, 2, 4.5, 3.0, 0), Verdict.OK, "3 presses, 8 edges, 2 bounces, for 4.5 ms at most"),
        (Contact(8, 4, 0, 0.0, 0.0, 0), Verdict.OK, "4 presses"),
        (Contact(2, 1, 0, 0.0, 0.0, 0), Verdict.WARNING, "1 press, 2 edges, no bounce; 3 were asked for"),
        (Contact(8, 3, 2, 12.0, 11.9, 0), Verdict.OK, "2 bounces"),
        (Contact(8, 3, 2, 12.0, 12.0, 0), Verdict.WARNING, "nearly too long apart"),
        (Contact(8, 4, 0, 0.0, 0.0, 1), Verdict.WARNING, "sooner than a finger"),
    ],
)
def test_the_button(found: Contact, verdict: Verdict, words: str) -> None:
    finding = judge_button(found, ButtonConfig(), wanted=3)
    assert (finding.verdict, words in finding.words) == (verdict, True), finding
    assert bool(finding.mend) is (verdict is not Verdict.OK)


@pytest.mark.parametrize(
    ("seen", "asked", "verdict", "words"),
    [
        (True, True, Verdict.OK, "it lit"),
        (False, True, Verdict.FAILURE, "did not light"),
        (None, True, Verdict.SKIPPED, "nobody answered"),
        (None, False, Verdict.SKIPPED, "no terminal"),
    ],
)
def test_the_led(seen: bool | None, asked: bool, verdict: Verdict, words: str) -> None:
    finding = judge_led((18,), seen, asked=asked)
    assert (finding.verdict, words in finding.words) == (verdict, True), finding
