"""What C libraries write to `stderr` while a sound device fails, kept off the journal: the error that we raise says it too.

Not the descriptor 2 is bent but C's variable `stderr`, which may be set as any other (glibc's manual, Standard Streams): Python, Rust
and abort() write on, and only C libraries are unheard.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

_AFTER: Final = 60.0
"""Seconds without their words after a stream has failed: of devices that come and go in a minute the first alone is heard."""


class Stderr:
    """One process' C `stderr`. Any thread may call; nothing here waits for more than another such call."""

    def __init__(self) -> None:
        library = ctypes.CDLL(None)
        library.fopen.restype = ctypes.c_void_p
        self._lock = threading.Lock()
        self._variable = ctypes.c_void_p.in_dll(library, "stderr")
        self._own = self._variable.value
        self._nowhere = library.fopen(b"/dev/null", b"we")
        self._inside = 0
        self._until = 0.0

    @contextmanager
    def unheard(self) -> Generator[None]:
        """Nothing that C libraries write in this block is heard."""
        with self._lock:
            self._inside += 1
            self._turn()
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                self._turn()

    def failed(self) -> None:
        """A stream has failed, and PortAudio has written up to four lines of it: nothing more is heard for _AFTER."""
        with self._lock:
            self._until = time.monotonic() + _AFTER
            self._turn()

    def look(self) -> None:
        """To be called now and then, so that C libraries are heard again when the time has come; costs a comparison."""
        if self._until and time.monotonic() >= self._until:
            with self._lock:
                self._until = 0.0
                self._turn()

    def _turn(self) -> None:
        self._variable.value = self._nowhere if self._inside or self._until else self._own


STDERR: Final = Stderr()
