"""What is wrong with the device now, and which of it shows."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from kiosk.faults import FAULTS, Fault

_log = logging.getLogger(__name__)


class Area(StrEnum):
    """What a fault is about: each area has at most one fault at a time, and is cleared when it works again."""

    SESSION = "session"
    ROOM = "room"
    MICROPHONE = "microphone"
    SPEAKER = "speaker"
    BUTTON = "button"
    LED = "led"
    CONFIGURATION = "configuration"
    CONTROL = "control"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Report:
    """A fault as it was met."""

    area: Area
    fault: Fault
    detail: str
    """What the part itself says of it."""
    since: float
    """Monotonic seconds: when it was first met."""


class Health:
    """What is wrong now. Unregistered codes are a programming error (KeyError): every fault has its words.

    `on_told(report, over)` hears of every fault that begins and ends, once.
    """

    def __init__(self, on_change: Callable[[], None] = lambda: None, clock: Callable[[], float] = time.monotonic) -> None:
        self._standing: dict[Area, Report] = {}
        self._clock = clock
        self.on_change = on_change
        self.on_told: Callable[[Report, bool], None] = lambda _report, _over: None
        self.latest: Report | None = None
        """The latest fault of any area."""

    def report(self, area: Area, code: str, detail: str = "") -> None:
        """Something of this area is wrong; the first report is a warning in the journal, repeats are not."""
        fault, earlier = FAULTS[code], self._standing.get(area)
        known = earlier is not None and earlier.fault == fault
        now = self._clock()
        report = self.latest = Report(area, fault, detail, earlier.since if earlier and known else now)
        _log.log(
            logging.DEBUG if known else logging.WARNING,
            "%s: %s: %s (%s)",
            code,
            fault.words,
            detail or "no details",
            fault.mend,
            extra=_extra("fault", report),
        )
        self._standing[area] = report
        if not known:
            self.on_told(report, False)
            self.on_change()

    def clear(self, *areas: Area) -> None:
        """These areas work."""
        for area in areas:
            if report := self._standing.pop(area, None):
                fault, took = report.fault, self._clock() - report.since
                _log.info("%s: over after %.0f s: %s", fault.code, took, fault.words, extra=_extra("fault over", report))
                self.on_told(report, True)
                self.on_change()

    @property
    def last(self) -> Fault | None:
        """The latest fault of any area: the one that a failure tone tells."""
        return self.latest.fault if self.latest else None

    @property
    def worst(self) -> Fault | None:
        """The standing fault that shows, or None."""
        return max((report.fault for report in self._standing.values()), key=lambda fault: fault.severity, default=None)

    def standing(self) -> dict[Area, Fault]:
        """All standing faults, a copy."""
        return {area: report.fault for area, report in self._standing.items()}

    def reports(self) -> list[Report]:
        """All standing faults as they were met, the worst first."""
        return sorted(self._standing.values(), key=lambda report: -report.fault.severity)


def _extra(kind: str, report: Report) -> dict[str, object]:
    """What the journal is told beside the words; each fault is a cause of its own."""
    code, area = report.fault.code, report.area.value
    return {"kind": kind, "cause": f"{kind} {code}", "fields": {"FAULT": code, "AREA": area}}
