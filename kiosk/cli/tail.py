"""The latest events of the daemon, followed in a thread of their own through its restarts."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from datetime import datetime
from pathlib import Path
from typing import Any, Final, cast

from kiosk.cli.picture import printable
from kiosk.control.client import RefusedError, events
from kiosk.errors import NoAnswerError

KEPT: Final = 100
AGAIN: Final = 1.0
"""Seconds until a daemon that went away is tried again."""
_DULL: Final = ("at", "event", "words", "mend", "sid", "segment", "final")


class Tail:
    """`lines` are the latest, the newest last; `why` is why there are no more, where that is so."""

    def __init__(self, path: Path) -> None:
        self.lines: deque[str] = deque(maxlen=KEPT)
        self.why = ""
        self._segments: deque[str | None] = deque(maxlen=KEPT)
        self._path = path

    def follow(self) -> None:
        """From now on, until the process ends."""
        threading.Thread(target=self._follow, name="events", daemon=True).start()

    def _follow(self) -> None:
        while True:
            self.listen()
            time.sleep(AGAIN)

    def listen(self) -> None:
        """To one daemon, until it ends or cannot be asked."""
        try:
            for line in events(self._path):
                self.why = ""
                self.add(cast(dict[str, Any], json.loads(line)))
        except (NoAnswerError, RefusedError) as error:
            self.why = str(error)
        except ValueError:
            self.why = "the daemon broke off within a line"

    def add(self, event: dict[str, Any]) -> None:
        """A line more; words that go on take away what was said of them before, so that a sentence is not a line a letter."""
        segment = event.get("segment")
        if segment is not None and segment in self._segments:
            place = self._segments.index(segment)
            del self._segments[place], self.lines[place]
        self.lines.append(told(event))
        self._segments.append(segment)


def told(event: dict[str, Any]) -> str:
    """An event in a line."""
    details = " ".join(f"{key}={value}" for key, value in event.items() if key not in _DULL and value is not None)
    words = f": {event['words']}" if event.get("words") else ""
    at = datetime.fromisoformat(event["at"]).astimezone()
    return printable(f"{at:%H:%M:%S} {event['event']} {details}{words}")
