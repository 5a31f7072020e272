"""The daemon's log: systemd's journal with structured fields, or plain lines on stderr."""

from __future__ import annotations

import logging
import os
import re
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, Literal, TextIO, cast

from kiosk.system.context import CONTEXT
from kiosk.system.messages import MESSAGE_IDS
from kiosk.system.redact import RedactingFilter

Level = Literal["debug", "info", "warning", "error"]
IDENTIFIER: Final = "voice-kiosk"
PER_MINUTE: Final = 10
"""Lines a minute that one cause may write."""
OF_FAULTS: Final = 1
"""And one that is a fault, or the end of one: a contact that comes and goes does so for weeks."""
CAUSES: Final = 1000
"""Causes remembered at a time, so that a flood of different ones stays bounded."""
_COLORS: Final = {logging.DEBUG: "2", logging.WARNING: "33", logging.ERROR: "31", logging.CRITICAL: "31;1"}
_PRIORITIES: Final = {logging.DEBUG: "7", logging.INFO: "6", logging.WARNING: "4", logging.ERROR: "3", logging.CRITICAL: "2"}
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_FAULTS: Final = frozenset({"fault", "fault over"})
"""Kinds of records that tell of a fault."""
_OWN: Final = frozenset({"cause", "kind", "fields", "context"})
"""Extras that are for this file: the cause that is limited, the kind that has a MESSAGE_ID, and fields whose text is in the message."""


class RateFilter(logging.Filter):
    """At most PER_MINUTE records a minute and cause; the first after a gap says how many were left out.

    A record's cause is its extra field `cause`, else the line of code that logs it. Where its kind is a fault, at most OF_FAULTS.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._passed: dict[object, deque[float]] = {}
        self._dropped: dict[object, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record may pass."""
        now = self._clock()
        cause: object = getattr(record, "cause", (record.pathname, record.lineno))
        passed = self._passed.pop(cause, deque[float]())
        while passed and now - passed[0] >= 60.0:
            passed.popleft()
        # Last used is last in the dict, so that the first is the one to forget.
        self._passed[cause] = passed
        self._forget()
        if len(passed) >= (OF_FAULTS if getattr(record, "kind", None) in _FAULTS else PER_MINUTE):
            self._dropped[cause] = self._dropped.get(cause, 0) + 1
            return False
        passed.append(now)
        if dropped := self._dropped.pop(cause, 0):
            record.msg, record.args = f"{record.getMessage()} ({dropped} more like this were not written)", None
        return True

    def _forget(self) -> None:
        while len(self._passed) > CAUSES:
            oldest = next(iter(self._passed))
            del self._passed[oldest]
            self._dropped.pop(oldest, None)


class LineFormatter(logging.Formatter):
    """`12:30:01 WARNING room: lost the room attempt=2`, with colour for terminals; a traceback follows indented."""

    def __init__(self, *, color: bool) -> None:
        super().__init__()
        self._color = color

    def format(self, record: logging.LogRecord) -> str:
        """The record's text, one line unless it carries a traceback."""
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        extras = "".join(f" {name}={value}" for name, value in _extras(record).items())
        message = record.getMessage().replace("\n", " ⏎ ")
        line = f"{clock} {record.levelname} {record.name.removeprefix('kiosk.')}: {message}{extras}"
        if self._color and (code := _COLORS.get(record.levelno)):
            line = f"\033[{code}m{line}\033[0m"
        if record.exc_text:
            line += "\n    " + record.exc_text.replace("\n", "\n    ")
        return line


class JournalHandler(logging.Handler):
    """Sends a record with named fields: the standard ones, KIOSK_<NAME> for each of its own and of its context, MESSAGE_ID of its kind.

    Not systemd-python's own handler: that one sends every attribute of the record, and extras under names that journald drops.
    """

    def __init__(self, send: Callable[..., object]) -> None:
        super().__init__()
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        """Never raises: what cannot be sent is reported as logging's own errors are."""
        try:
            self._send(record.getMessage(), **_fields(record))
        except Exception:
            self.handleError(record)


def _extras(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD and name not in _OWN}


def _fields(record: logging.LogRecord) -> dict[str, str]:
    own: dict[str, object] = {}
    for source in (getattr(record, "context", {}), getattr(record, "fields", {}), _extras(record)):
        own |= cast(Mapping[str, object], source)
    fields = {f"KIOSK_{re.sub(r'[^A-Z0-9]', '_', name.upper())}": str(value) for name, value in own.items() if value is not None}
    if message_id := MESSAGE_IDS.get(getattr(record, "kind", "")):
        fields["MESSAGE_ID"] = message_id
    if record.exc_text:
        fields["EXCEPTION_TEXT"] = record.exc_text
    return fields | {
        "PRIORITY": _PRIORITIES.get(record.levelno, "6"),
        "SYSLOG_IDENTIFIER": IDENTIFIER,
        "LOGGER": record.name,
        "THREAD_NAME": str(record.threadName),
        "CODE_FILE": record.pathname,
        "CODE_LINE": str(record.lineno),
        "CODE_FUNC": record.funcName,
    }


def set_up_logging(level: Level, stream: TextIO | None = None) -> None:
    """Sends all logging of the process to the journal under systemd, else to `stream` (stderr); called again, it sets up anew."""
    handler = _journal() or _lines(sys.stderr if stream is None else stream)
    handler.addFilter(CONTEXT)
    # Nothing after redaction ever sees a secret.
    handler.addFilter(RedactingFilter())
    handler.addFilter(RateFilter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(True)


def _lines(stream: TextIO) -> logging.Handler:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter(color=stream.isatty() and "NO_COLOR" not in os.environ))
    return handler


def _journal() -> logging.Handler | None:
    if os.environ.get("JOURNAL_STREAM") != _identity(2):
        return None
    try:
        from systemd.journal import send  # noqa: PLC0415  a machine without systemd does without its library
    except ImportError:
        return None
    return JournalHandler(send)


def _identity(descriptor: int) -> str:
    """`device:inode` of an open file, as systemd writes it into JOURNAL_STREAM: stderr may have been sent elsewhere since."""
    status = os.fstat(descriptor)
    return f"{status.st_dev}:{status.st_ino}"
