"""Plain lines or the journal, ten lines a minute and cause."""

from __future__ import annotations

import io
import logging
import os

import pytest

from kiosk.health import Area, Health
from kiosk.system.background import Background
from kiosk.system.context import Context
from kiosk.system.journal import PER_MINUTE, JournalHandler, RateFilter, set_up_logging
from kiosk.system.messages import MESSAGE_IDS
from kiosk.system.redact import MASK, RedactingFilter, register_secret

log = logging.getLogger("kiosk.room")


def handler() -> Background:
    """The one that set_up_logging made."""
    [made] = logging.getLogger().handlers
    assert isinstance(made, Background)
    made.flush()
    return made


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_says_when_what_and_its_extras() -> None:
    out = io.StringIO()
    register_secret("swordfish")
    set_up_logging("info", out)
    log.info("joined %s\nagain", "swordfish", extra={"attempt": 2})
    log.debug("unseen")
    handler()
    line = out.getvalue()
    assert line[8:] == f" INFO room: joined {MASK} ⏎ again attempt=2\n"


def test_a_traceback_follows_indented() -> None:
    out = io.StringIO()
    set_up_logging("info", out)
    try:
        raise ValueError("bad")
    except ValueError:
        log.exception("failed")
    handler()
    assert out.getvalue().endswith("    ValueError: bad\n")


def test_color_only_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for out, colored in ((Terminal(), True), (io.StringIO(), False)):
        set_up_logging("info", out)
        log.warning("careful")
        handler()
        assert ("\033[33m" in out.getvalue()) is colored


def test_the_journal_is_used_only_while_stderr_is_its_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    status = os.fstat(2)
    monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
    set_up_logging("info")
    assert type(handler().handler) is JournalHandler
    monkeypatch.setenv("JOURNAL_STREAM", "1:1")
    set_up_logging("info", io.StringIO())
    assert type(handler().handler) is logging.StreamHandler


def test_the_journal_gets_named_fields_and_nothing_else() -> None:
    sent: list[tuple[str, dict[str, object]]] = []

    def send(message: str, **fields: object) -> None:
        sent.append((message, fields))

    journal = JournalHandler(send)
    journal.addFilter(RedactingFilter())
    register_secret("swordfish")
    record = logging.LogRecord("kiosk.room", logging.WARNING, "/x.py", 7, "lost %s", ("swordfish",), None, "run")
    record.room_name = "swordfish hall"
    journal.handle(record)
    expected = {
        "KIOSK_ROOM_NAME": f"{MASK} hall",
        "PRIORITY": "4",
        "SYSLOG_IDENTIFIER": "voice-kiosk",
        "LOGGER": "kiosk.room",
        "THREAD_NAME": "MainThread",
        "CODE_FILE": "/x.py",
        "CODE_LINE": 7,
        "CODE_FUNC": "run",
    }
    assert sent == [(f"lost {MASK}", expected)]


def test_a_kind_has_its_message_id_and_fields_come_with_their_context() -> None:
    sent: list[dict[str, object]] = []

    def send(_message: str, **fields: object) -> None:
        sent.append(fields)

    handler = JournalHandler(send)
    context = Context()
    context.provide(lambda: {"STATE": "live", "SESSION_ID": "swordfish", "ATTEMPT": None})
    for each in (context, RedactingFilter()):
        handler.addFilter(each)
    register_secret("swordfish")
    made = logging.makeLogRecord(
        {"name": "kiosk", "msg": "offline", "kind": "fault", "cause": "fault offline", "fields": {"FAULT": "offline"}}
    )
    handler.handle(made)
    told = {name: value for name, value in sent[0].items() if name.startswith("KIOSK_") or name == "MESSAGE_ID"}
    assert told == {"KIOSK_STATE": "live", "KIOSK_SESSION_ID": MASK, "KIOSK_FAULT": "offline", "MESSAGE_ID": MESSAGE_IDS["fault"]}


def test_plain_lines_do_not_repeat_what_their_text_says() -> None:
    out = io.StringIO()
    set_up_logging("info", out)
    log.info("state state=idle", extra={"kind": "state", "cause": "state", "fields": {"state": "idle"}})
    handler()
    assert out.getvalue()[8:] == " INFO room: state state=idle\n"


def record(line: int = 1, cause: str | None = None) -> logging.LogRecord:
    made = logging.LogRecord("kiosk", logging.WARNING, "x.py", line, "lost", (), None)
    if cause is not None:
        made.cause = cause
    return made


def test_ten_lines_a_minute_and_cause() -> None:
    now = 0.0
    rate = RateFilter(lambda: now)
    assert sum(rate.filter(record()) for _ in range(100)) == PER_MINUTE
    assert rate.filter(record(line=2))
    assert sum(rate.filter(record(line, "mic")) for line in range(100)) == PER_MINUTE
    now = 60.0
    again = record()
    assert rate.filter(again)
    assert again.getMessage() == "lost (90 more like this were not written)"


def test_one_line_a_minute_of_a_fault_and_of_its_end() -> None:
    now = 0.0
    rate, health = RateFilter(lambda: now), logging.getLogger("kiosk.health")
    written: list[str] = []

    class Paper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(record.getMessage())

    paper = Paper(logging.INFO)
    paper.addFilter(rate)
    health.addHandler(paper)
    health.setLevel(logging.INFO)
    try:
        flapping = Health()
        for _ in range(90):
            flapping.report(Area.MICROPHONE, "microphone-missing")
            flapping.report(Area.LED, "led-missing")
            flapping.clear(Area.MICROPHONE, Area.LED)
            now += 1.0
    finally:
        health.removeHandler(paper)
        health.setLevel(logging.NOTSET)
    told = [line.partition(":")[0] + (" over" if ": over" in line else "") for line in written]
    assert sorted(told) == sorted(2 * ["microphone-missing", "microphone-missing over", "led-missing", "led-missing over"])
    assert written[-1].endswith("(59 more like this were not written)")


def test_a_flood_of_causes_is_forgotten() -> None:
    rate = RateFilter(lambda: 0.0)
    for line in range(5000):
        rate.filter(record(line))
    assert len(vars(rate)["_passed"]) <= 1000
