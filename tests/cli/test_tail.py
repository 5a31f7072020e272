"""What `watch` shows of the daemon's events, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kiosk.cli.tail import KEPT, Tail

AT = "2026-11-27T22:49:12+00:00"


def transcript(words: str, segment: str, *, final: bool = False) -> dict[str, Any]:
    return {"at": AT, "event": "transcript", "words": words, "who": "agent", "final": final, "segment": segment}


def shown(*events: dict[str, Any]) -> list[str]:
    tail = Tail(Path("/nowhere"))
    for event in events:
        tail.add(event)
    return [line.partition(" ")[2] for line in tail.lines]


def test_words_that_go_on_are_one_line() -> None:
    live = {"at": AT, "event": "state", "state": "live", "indication": "speaking", "fault": None}
    assert shown(
        live,
        transcript("The air", "a"),
        transcript("The airport train", "a"),
        transcript("The airport train.", "a", final=True),
        transcript("In ten", "b"),
    ) == [
        "state state=live indication=speaking",
        "transcript who=agent: The airport train.",
        "transcript who=agent: In ten",
    ]


def test_what_happens_between_stays_before_them() -> None:
    cut = {"at": AT, "event": "state", "state": "resuming", "indication": "reconnecting", "fault": None}
    assert shown(transcript("The air", "a"), cut, cut, transcript("The airport", "a")) == [
        "state state=resuming indication=reconnecting",
        "state state=resuming indication=reconnecting",
        "transcript who=agent: The airport",
    ]


def test_the_oldest_go() -> None:
    lines = shown(*(transcript(f"{number}", f"{number}") for number in range(KEPT + 5)), transcript("5 more", "5"))
    assert (len(lines), lines[0], lines[-1]) == (KEPT, "transcript who=agent: 6", "transcript who=agent: 5 more")


def test_dropped_events_are_counted() -> None:
    assert shown({"at": AT, "event": "dropped", "count": 3}) == ["dropped count=3"]


def test_a_line_that_broke_off_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_path: Path) -> Iterator[bytes]:
        return iter([b'{"at": "%s", "event": "state"}\n' % AT.encode(), b'{"at": "20'])

    monkeypatch.setattr("kiosk.cli.tail.events", broken)
    tail = Tail(Path("/nowhere"))
    tail.listen()
    assert (len(tail.lines), tail.why) == (1, "the daemon broke off within a line")
