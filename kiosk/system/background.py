"""Log records written by a thread of their own: a disk or a journal that hangs holds up nobody who logs."""

from __future__ import annotations

import logging
import queue
import threading
import time
from typing import Final

WAITING: Final = 1000
"""Records that may wait to be written; what comes on top is dropped and counted."""
PATIENCE: Final = 0.5
"""Seconds that flush() and close() wait for what is not written yet."""


class Background(logging.Handler):
    """Hands records to `handler` in the order in which they came. Its own filters run in the thread that logs, before that."""

    def __init__(self, handler: logging.Handler) -> None:
        super().__init__()
        self.handler = handler
        self.dropped = 0
        self._waiting: queue.Queue[logging.LogRecord | None] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Never waits."""
        try:
            self._waiting.put_nowait(record)
        except queue.Full:
            self.dropped += 1

    def flush(self) -> None:
        """Wait until everything is written, but not for ever."""
        end = time.monotonic() + PATIENCE
        with self._waiting.all_tasks_done:
            while self._waiting.unfinished_tasks and (left := end - time.monotonic()) > 0:
                self._waiting.all_tasks_done.wait(left)

    def close(self) -> None:
        """Write what can be written in time, and end the thread."""
        self.flush()
        try:
            self._waiting.put_nowait(None)
            self._thread.join(PATIENCE)
        except queue.Full:
            pass  # it hangs in a write, and ends with the process
        super().close()

    def _write(self) -> None:
        while (record := self._waiting.get()) is not None:
            if self.dropped:
                dropped, self.dropped = self.dropped, 0
                record.msg = f"{record.msg} ({dropped} records before this could not be written)"
            self.handler.handle(record)
            self._waiting.task_done()
        self._waiting.task_done()
        self.handler.close()
