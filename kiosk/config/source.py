"""The bytes of a small text file, refused by name and without waiting when it is anything else."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from kiosk.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Source:
    """A file's content and its permission bits (0o600 and the like)."""

    data: bytes
    mode: int


def read_source(path: Path, limit: int) -> Source:
    """At most `limit` bytes of the regular file at `path`; raises ConfigError for all else, a missing file as FileNotFoundError.

    Opened without blocking, so that a FIFO or a device is named instead of waited for.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise refusal(path, f"cannot be opened ({reason(error)})", "a regular file that this user may read is wanted") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise refusal(path, f"is {_kind(status.st_mode)}", "a regular file is wanted")
        if status.st_size > limit:
            raise refusal(path, f"has {status.st_size:,} bytes", f"at most {limit:,} are read")
        return Source(_read(path, descriptor, limit), stat.S_IMODE(status.st_mode))
    finally:
        os.close(descriptor)


def _read(path: Path, descriptor: int, limit: int) -> bytes:
    parts: list[bytes] = []
    left = limit + 1  # files of /proc and growing ones say less than they hold
    try:
        while left > 0 and (part := os.read(descriptor, left)):
            parts.append(part)
            left -= len(part)
    except OSError as error:
        raise refusal(path, f"cannot be read ({reason(error)})", "a regular file that this user may read is wanted") from None
    if left <= 0:
        raise refusal(path, f"has more than {limit:,} bytes", f"at most {limit:,} are read")
    return b"".join(parts)


def refusal(path: Path, what: str, right: str) -> ConfigError:
    """The error of a whole file, which has no line to point to."""
    return ConfigError([f"{path}: {what}: {right}"])


def reason(error: OSError | ValueError) -> str:
    """The system's own word for a failure, without the path."""
    return (error.strerror or "I/O error").lower() if isinstance(error, OSError) else str(error)


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a directory", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")
