"""One at a time: a lock file that says who has it, freed by the kernel however its owner ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from kiosk.errors import KioskError

_LONGEST: Final = 4096


class TakenError(KioskError):
    """Somebody else has the lock; `str()` is their note."""


class Lock:
    """A lock that is held. `earlier` is the note of an owner who did not end in order, else empty."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.earlier = _read(descriptor)

    def note(self, text: str) -> None:
        """What others are told."""
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, text.encode()[:_LONGEST], 0)


@contextmanager
def locked(path: Path, note: str) -> Generator[Lock]:
    """Hold the lock at `path` for the block. The note stays behind where the block raises. Raises TakenError, OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TakenError(_read(descriptor)) from None
        lock = Lock(descriptor)
        lock.note(note)
        yield lock
        lock.note("")
    finally:
        os.close(descriptor)


def _read(descriptor: int) -> str:
    return os.pread(descriptor, _LONGEST, 0).decode(errors="replace")
