"""The register of faults, and which of the standing ones shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import kiosk
from kiosk.faults import FAULTS, Severity
from kiosk.health import Area, Health
from kiosk.signals import Earcon, Indication

SOURCES = [path.read_text() for path in Path(kiosk.__file__).parent.rglob("*.py")]
PARTS = {"direction": ("microphone", "speaker"), "part": ("button", "led")}


def raised_codes() -> set[str]:
    """Every code that the source hands to an error or a report."""
    text = "\n".join(SOURCES)
    codes = set(re.findall(r'code="([a-z-]+)"', text)) | set(re.findall(r'report\(Area\.\w+, "([a-z-]+)"', text))
    for part, kind in re.findall(r'code=f"\{(\w+)\}-([a-z]+)"', text):
        codes |= {f"{name}-{kind}" for name in PARTS[part]}
    return codes


def test_every_code_that_is_raised_is_registered() -> None:
    assert raised_codes() - set(FAULTS) == set()


def test_every_fault_has_words_a_mend_and_a_code_of_its_row() -> None:
    for code, fault in FAULTS.items():
        assert fault.code == code
        assert len(fault.words) > 10
        assert len(fault.mend) > 5


def test_kinds_of_failure_that_a_visitor_meets_sound_different() -> None:
    kinds = {"offline": Earcon.OFFLINE, "busy": Earcon.BUSY, "bad-key": Earcon.REFUSED, "microphone-missing": Earcon.MICROPHONE}
    assert {code: FAULTS[code].earcon for code in kinds} == kinds


@pytest.mark.parametrize(
    ("severity", "shown"),
    [
        (Severity.NOTICE, None),
        (Severity.DEGRADED, Indication.ATTENTION),
        (Severity.OFFLINE, Indication.OFFLINE),
        (Severity.BROKEN, Indication.FAULT),
    ],
)
def test_light_follows_severity(severity: Severity, shown: Indication | None) -> None:
    assert {fault.indication for fault in FAULTS.values() if fault.severity is severity} == {shown}


def test_the_worst_fault_shows_until_its_area_is_well() -> None:
    changes: list[None] = []
    health = Health(lambda: changes.append(None))
    health.report(Area.SESSION, "offline")
    health.report(Area.MICROPHONE, "microphone-missing")
    health.report(Area.LED, "led-taken")
    assert health.worst is FAULTS["microphone-missing"]
    health.clear(Area.MICROPHONE)
    assert health.worst is FAULTS["offline"]
    health.clear(Area.SESSION, Area.LED, Area.ROOM)
    assert health.worst is None
    assert len(changes) == 6


def test_a_repeated_fault_is_no_change_and_warns_once(caplog: pytest.LogCaptureFixture) -> None:
    changes: list[None] = []
    health = Health(lambda: changes.append(None))
    for _ in range(5):
        health.report(Area.SESSION, "offline", "no route")
    assert len(changes) == 1
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_an_area_has_one_fault_at_a_time() -> None:
    health = Health()
    health.report(Area.SESSION, "bad-key")
    health.report(Area.SESSION, "offline")
    assert health.standing() == {Area.SESSION: FAULTS["offline"]}
    assert health.last is FAULTS["offline"]


def test_an_unregistered_code_is_refused() -> None:
    with pytest.raises(KeyError):
        Health().report(Area.SESSION, "no such code")


def test_a_fault_is_told_when_it_begins_and_when_it_is_over_with_its_length() -> None:
    now, told = 100.0, list[tuple[str, bool, float]]()
    health = Health(clock=lambda: now)
    health.on_told = lambda report, over: told.append((report.fault.code, over, report.since))
    health.report(Area.SESSION, "offline", "no route")
    now = 160.0
    health.report(Area.SESSION, "offline", "no answer")
    assert [(report.detail, report.since) for report in health.reports()] == [("no answer", 100.0)]
    health.clear(Area.SESSION)
    assert told == [("offline", False, 100.0), ("offline", True, 100.0)]
    assert health.reports() == []
    assert health.latest is not None
    assert health.latest.detail == "no answer"
