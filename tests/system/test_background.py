"""A log that hangs holds nobody up; one that works loses nothing."""

from __future__ import annotations

import logging
import threading
import time

from kiosk.system.background import WAITING, Background


class Journal(logging.Handler):
    """Writes when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.open = threading.Event()
        self.open.set()
        self.written: list[str] = []
        self.threads: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        self.open.wait()
        self.written.append(record.getMessage())
        self.threads.add(threading.current_thread().name)


def record(text: str) -> logging.LogRecord:
    return logging.LogRecord("kiosk", logging.INFO, "x.py", 1, text, None, None)


def test_everything_is_written_in_order_by_another_thread() -> None:
    journal = Journal()
    background = Background(journal)
    for number in range(WAITING // 2):
        background.handle(record(str(number)))
    background.flush()
    assert journal.written == [str(number) for number in range(WAITING // 2)]
    assert journal.threads == {"log"}
    background.close()
    assert "log" not in {thread.name for thread in threading.enumerate()}


def test_a_journal_that_hangs_holds_nobody_up_and_the_loss_is_told() -> None:
    journal = Journal()
    background = Background(journal)
    journal.open.clear()
    begun = time.monotonic()
    for number in range(WAITING + 101):
        background.handle(record(str(number)))
    assert time.monotonic() - begun < 0.5
    background.flush()
    journal.open.set()
    background.flush()
    lost = WAITING + 101 - len(journal.written)
    assert lost in (100, 101)
    assert sum(f"({lost} records before this could not be written)" in line for line in journal.written) == 1
    background.close()


def test_the_end_does_not_wait_for_a_journal_that_hangs() -> None:
    journal = Journal()
    background = Background(journal)
    journal.open.clear()
    for number in range(3):
        background.handle(record(str(number)))
    begun = time.monotonic()
    background.close()
    assert time.monotonic() - begun < 2.0
    journal.open.set()
