"""Files that survive a power cut: either the old content or the new one is there, whole."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

NEW_FILE: Final = 0o644
"""Mode of a file that was not there before."""


def write_atomically(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Replaces `path` with `content`; on any failure it is as it was. Raises OSError.

    Written beside it, flushed to the disk and renamed, the folder flushed too. A replaced file keeps its mode and owner
    (the owner as far as the process may set it); `mode` overrides. A symbolic link is followed, so that its target changes.
    """
    path = Path(os.path.realpath(path))
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        try:
            _take_over(descriptor, path, mode)
            _write(descriptor, content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
    _flush_folder(path.parent)


def _write(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]


def _take_over(descriptor: int, path: Path, mode: int | None) -> None:
    try:
        old = path.stat()
    except FileNotFoundError:
        os.fchmod(descriptor, NEW_FILE if mode is None else mode)
        return
    # Only root may give a file away; the mode is set last because changing the owner clears some of its bits.
    with suppress(PermissionError):
        os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode) if mode is None else mode)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
