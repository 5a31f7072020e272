"""What findings come to."""

from __future__ import annotations

import json

import pytest

from kiosk.cli.doctor import as_json
from kiosk.doctor.findings import Finding, Verdict, counted, exit_code, failure, ok, overall, skipped, warning

OK, WARNING, SKIPPED = ok("dns", "found"), warning("clock", "late", "set it"), skipped("led", "no terminal")
FAILURE, CONFIGURATION, KEY = failure("api", "away", "wait"), failure("configuration", "bad", "mend it"), failure("key", "none", "put it")


@pytest.mark.parametrize(
    ("findings", "verdict", "code"),
    [
        ([], Verdict.OK, 0),
        ([OK], Verdict.OK, 0),
        ([SKIPPED], Verdict.OK, 0),
        ([OK, SKIPPED], Verdict.OK, 0),
        ([OK, WARNING, SKIPPED], Verdict.WARNING, 1),
        ([WARNING, FAILURE], Verdict.FAILURE, 2),
        ([FAILURE], Verdict.FAILURE, 2),
        ([FAILURE, CONFIGURATION], Verdict.FAILURE, 78),
        ([KEY], Verdict.FAILURE, 78),
        ([warning("key", "short", "")], Verdict.WARNING, 1),
        ([skipped("configuration", "")], Verdict.OK, 0),
    ],
)
def test_the_worst_decides(findings: list[Finding], verdict: Verdict, code: int) -> None:
    assert (overall(findings), exit_code(findings)) == (verdict, code)


def test_for_machines_it_is_one_object_with_every_key() -> None:
    told = json.loads(as_json([ok("dns", "found", seconds=0.5, addresses=["::1"]), WARNING]))
    assert told == {
        "verdict": "warning",
        "links": [
            {"link": "dns", "verdict": "ok", "words": "found", "mend": None, "figures": {"seconds": 0.5, "addresses": ["::1"]}},
            {"link": "clock", "verdict": "warning", "words": "late", "mend": "set it", "figures": {}},
        ],
    }


def test_numbers_have_their_words() -> None:
    said = [counted(number, "press", "presses") for number in (0, 1, 2)]
    assert said == ["0 presses", "1 press", "2 presses"]
    assert counted(3, "edge") == "3 edges"
