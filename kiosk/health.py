"""What is wrong with the device now, and which of it shows."""

from __future__ import annotations

import logging
from collections.abc import Callable
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
    INTERNAL = "internal"


class Health:
    """What is wrong now. Unregistered codes are a programming error (KeyError): every fault has its words."""

    def __init__(self, on_change: Callable[[], None] = lambda: None) -> None:
        self._standing: dict[Area, Fault] = {}
        self.on_change = on_change
        self.last: Fault | None = None
        """The latest fault of any area: the one that a failure tone tells."""

    def report(self, area: Area, code: str, detail: str = "") -> None:
        """Something of this area is wrong; the first report is a warning in the journal, repeats are not."""
        fault = self.last = FAULTS[code]
        known = self._standing.get(area) == fault
        _log.log(
            logging.DEBUG if known else logging.WARNING,
            "%s: %s (%s)",
            fault.words,
            detail or "no details",
            fault.mend,
            extra={"FAULT": code},
        )
        if not known:
            self._standing[area] = fault
            self.on_change()

    def clear(self, *areas: Area) -> None:
        """These areas work."""
        for area in areas:
            if fault := self._standing.pop(area, None):
                _log.info("over: %s", fault.words, extra={"FAULT": fault.code})
                self.on_change()

    @property
    def worst(self) -> Fault | None:
        """The standing fault that shows, or None."""
        return max(self._standing.values(), key=lambda fault: fault.severity, default=None)

    def standing(self) -> dict[Area, Fault]:
        """All standing faults, a copy."""
        return dict(self._standing)
