"""The socket itself: one daemon's, for its user and its group alone, there from one moment to the next or not at all."""

from __future__ import annotations

import fcntl
import os
import socket
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from kiosk.errors import ControlError

MODE: Final = 0o660
BACKLOG: Final = 32
"""Clients that the kernel lets wait; the next ones are told to come again."""


@contextmanager
def listening(path: Path) -> Generator[socket.socket]:
    """A non-blocking listening socket at `path`, removed at the end. Raises ControlError.

    A missing folder is made (not its parents). A lock beside the socket is held meanwhile, so that what lies there is a dead
    daemon's: it is replaced where it is a socket of this user's, and left alone where it is anything else.
    """
    try:
        path.parent.mkdir(mode=0o755, exist_ok=True)
        with _alone(path), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
            _hang(door, path)
            try:
                yield door
            finally:
                path.unlink(missing_ok=True)
    except OSError as error:
        raise ControlError(f"{path}: {error.strerror or error}", code="control-failed") from error


@contextmanager
def _alone(path: Path) -> Generator[None]:
    lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            # The kernel lets go of it with the process, however that ends.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ControlError(f"{path} is another daemon's", code="control-taken") from None
        yield
    finally:
        os.close(lock)


def _hang(door: socket.socket, path: Path) -> None:
    """Bind it under another name, where nobody looks, and put it in its place once it is whole."""
    if not _replaceable(path):
        raise ControlError(f"{path} is there and is no socket of this user's: it is left alone", code="control-failed")
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    door.bind(str(beside))
    os.chmod(beside, MODE)
    door.listen(BACKLOG)
    door.setblocking(False)
    os.replace(beside, path)


def _replaceable(path: Path) -> bool:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return True
    return stat.S_ISSOCK(status.st_mode) and status.st_uid == os.geteuid()
