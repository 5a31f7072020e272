"""The scripted visit's figures, what is wrong with them, and both in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from kiosk.sim.trace import Trace

HEARD: Final = 0.6
"""Mean normalised correlation from which an answer counts as heard; another sentence of the same voice reaches 0.1."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one sentence. sent: it, in the agent's ears; heard: the answer, at the speaker; wait_ms: from the visitor's last word
    to the answer's first sound; own_ms: what of that the agent takes by itself."""

    sent: Trace
    heard: Trace
    wait_ms: float
    own_ms: float


@dataclass(slots=True)
class Figures:
    """Milliseconds where not said otherwise; None = not reached, or not to be known with these edges (`unknown` says why)."""

    begin: str = "press"
    """What the call began with: press or speech."""
    press_to_led: float | None = None
    press_to_live: float | None = None
    answers: list[Answer] = field(default_factory=list[Answer])
    outage_s: float = 0.0
    recovery_s: float | None = None
    recovered_by: str = ""
    round_trip: float | None = None
    unknown: list[str] = field(default_factory=list[str])
    failures: list[str] = field(default_factory=list[str])
    total_s: float = 0.0


def judge(figures: Figures) -> list[str]:
    """Everything that is not as it should be."""
    wrong = list(figures.failures)
    for name, answer in zip(("first", "second"), figures.answers, strict=False):
        if answer.heard.likeness < HEARD:
            wrong.append(f"the {name} answer was not heard at the speaker: correlation {answer.heard.likeness:.2f}, {HEARD} is needed")
        if answer.sent.lost_ms > 0:
            wrong.append(f"the agent missed {answer.sent.lost_ms:.0f} ms of the {name} sentence")
    return wrong


def words(figures: Figures) -> str:
    """The report as text, one figure a line."""
    rows = [
        (f"{figures.begin} → LED", _ms(figures.press_to_led), "the light's first step"),
        (f"{figures.begin} → live", _ms(figures.press_to_live), "session asked for, room joined, and the agent hears the microphone"),
    ]
    for name, answer in zip(("first", "second"), figures.answers, strict=False):
        rows += _answer(name, answer)
    if figures.round_trip is not None:
        rows.append(("round trip", _ms(figures.round_trip), "microphone → an agent that echoes → speaker"))
    if figures.recovery_s is not None:
        note = (
            f"after {figures.outage_s or 0:g} s without a network, from its return until the agent hears again, by {figures.recovered_by}"
        )
        rows.append(("recovery", f"{figures.recovery_s:.1f} s", note))
    rows += [("not measured", "", text) for text in figures.unknown]
    rows.append(("the whole visit", f"{figures.total_s:.1f} s", ""))
    wrong = judge(figures)
    verdict = ["FAILED:", *(f"  {line}" for line in wrong)] if wrong else [_verdict(figures)]
    return "\n".join([*(f"  {name:<21} {value:>9}   {note}".rstrip() for name, value, note in rows), *verdict])


def _answer(name: str, answer: Answer) -> list[tuple[str, str, str]]:
    wait = f"your last word → the answer's first sound; {answer.own_ms:.0f} ms of it the agent's own pause and thought"
    return [
        (f"{name} words lost", _ms(answer.sent.lost_ms), f"in the agent's ears, window by window; correlation {answer.sent.likeness:.2f}"),
        (f"{name} answer heard", f"{answer.heard.likeness:.2f}", f"correlation at the speaker with what was sent; {HEARD} is needed"),
        (f"{name} answer after", _ms(answer.wait_ms), wait),
    ]


def _verdict(figures: Figures) -> str:
    if figures.answers:
        return "OK: every answer was heard, and no word was lost."
    return "OK: the agent was heard; what it said, and what it heard of you, only its owner knows."


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} ms"
