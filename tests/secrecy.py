"""Reads every log record of the test run, whatever its level and whoever listens, for secrets.

Two nets: what our own code logs must hold no secret to begin with, and what the journal would be sent (redacted, field by
field, of everybody's records) must hold none either. The second net does not use the redaction's own patterns.
"""

from __future__ import annotations

import copy
import logging
import re
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final, cast

import pytest

from kiosk.config.secrets import Secret
from kiosk.session.grant import Grant
from kiosk.system.journal import JournalHandler
from kiosk.system.redact import RedactingFilter

JWT: Final = re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}")
SHORTEST: Final = 6
"""Shorter values are words."""
READ: Final = ("kiosk", "livekit", "aiohttp")
"""Loggers whose every level is read; of the others what they write."""
KEPT: Final = 500
"""Secrets that are looked for at a time: a soak makes thousands."""


class Reader:
    """Collects leaks: `(logger, field, the text around)`. Values of secrets are learnt as they are made."""

    def __init__(self) -> None:
        self.leaks: list[tuple[str, str, str]] = []
        self.read = 0
        self._secrets: deque[str] = deque(maxlen=KEPT)
        self._sent: list[dict[str, str]] = []
        self._redact = RedactingFilter()
        self._journal = JournalHandler(self._send)

    def learn(self, secret: str) -> None:
        """From now on no record may hold this."""
        if len(secret) >= SHORTEST and secret not in self._secrets:
            self._secrets.append(secret)

    def look(self, record: logging.LogRecord) -> None:
        """Read one record in both forms; it stays as it is."""
        self.read += 1
        if record.name.startswith("kiosk"):
            fields = {name: value for name, value in vars(record).items() if name not in ("msg", "args", "pathname", "exc_info")}
            self._search(record, {**fields, "message": record.getMessage()})
        redacted = copy.copy(record)
        self._redact.filter(redacted)
        self._journal.emit(redacted)
        self._search(record, self._sent.pop())

    def _send(self, message: str, **fields: str) -> None:
        self._sent.append({"MESSAGE": message, **fields})

    def _search(self, record: logging.LogRecord, fields: dict[str, Any]) -> None:
        for name, value in fields.items():
            text = str(value)
            if JWT.search(text) or any(secret in text for secret in self._secrets):
                self.leaks.append((record.name, name, text[:200]))


@contextmanager
def reading(reader: Reader) -> Generator[None]:
    """While this lasts, the reader sees every record and learns every secret of the process.

    Loggers answer that every level is enabled, so that records are made which nobody handles; handlers get what they got before.
    """
    enabled, handle, made, granted = logging.Logger.isEnabledFor, logging.Logger.handle, Secret.__init__, cast(Any, Grant.__init__)

    def all_enabled(self: logging.Logger, level: int) -> bool:
        return enabled(self, level) or self.name.startswith(READ)

    def handled(self: logging.Logger, record: logging.LogRecord) -> None:
        reader.look(record)
        if enabled(self, record.levelno):
            handle(self, record)

    def secret(self: Secret, value: str) -> None:
        made(self, value)
        reader.learn(value)

    def grant(self: Grant, *given: object, **named: object) -> None:
        granted(self, *given, **named)
        reader.learn(self.token)

    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(logging.Logger, "isEnabledFor", all_enabled)
        patches.setattr(logging.Logger, "handle", handled)
        patches.setattr(Secret, "__init__", secret)
        patches.setattr(Grant, "__init__", grant)
        yield
