"""Logging as it was, after each test; no secret outlives its test."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from kiosk.system import redact
from tests.secrecy import Reader


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch, secrecy: Reader) -> Iterator[None]:
    monkeypatch.setattr(redact, "_KNOWN", set[str]())
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logging.captureWarnings(False)
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    # What is redacted here was logged with secrets in it, on purpose.
    secrecy.leaks.clear()
