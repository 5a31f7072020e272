"""Disks that can be filled, turned read-only and broken while a process works on them; each in its process's own mount namespace."""

from __future__ import annotations

import fcntl
import os
import shlex
import struct
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_SHUTDOWN: Final = 0x8004587D
"""EXT4_IOC_SHUTDOWN of Linux' fs/ext4/ext4.h."""
_NOLOGFLUSH: Final = struct.pack("I", 2)


class Disk:
    """`shell` goes before a command: it runs in the disk's root, its log and state on it. The other methods need that process's id."""

    def __init__(self, point: Path, mount: str) -> None:
        self._point = point
        where = shlex.quote(str(point))
        enter = f'mount {mount} {where} && cd {where} && mkdir state && exec "$@" 2>>log'
        self.shell = f"exec unshare --mount sh -c {shlex.quote(enter)} sh"
        self.environment = {"STATE_DIRECTORY": str(point / "state"), "HOME": str(point), "TMPDIR": str(point)}

    def inside(self, pid: int) -> Path:
        """The disk's root as seen from here."""
        return Path(f"/proc/{pid}/root{self._point}")

    def fill(self, pid: int) -> None:
        """Until not a byte more fits."""
        with (self.inside(pid) / "junk").open("wb", buffering=0) as junk:
            for size in (4096, 1):
                try:
                    while True:
                        junk.write(b"x" * size)
                except OSError:
                    continue

    def empty(self, pid: int) -> None:
        """The end of `fill`."""
        (self.inside(pid) / "junk").unlink()

    def turn_read_only(self, pid: int) -> None:
        """As the kernel does after an error: what is open for writing fails, too."""
        subprocess.run(["nsenter", "-t", str(pid), "-m", "-r", "mount", "-o", "remount,abort", self._point], check=True)

    def break_down(self, pid: int) -> None:
        """From now on every access to the disk is an I/O error."""
        root = os.open(self.inside(pid), os.O_RDONLY)
        try:
            fcntl.ioctl(root, _SHUTDOWN, _NOLOGFLUSH)
        finally:
            os.close(root)


def small(folder: Path) -> Disk:
    """A disk of 512 KiB."""
    return Disk(_point(folder), "-t tmpfs -o size=512k none")


@contextmanager
def breakable(folder: Path) -> Generator[Disk]:
    """A file system of 16 MiB on a loop device, set free when the last process on it has ended."""
    image = folder / "disk.img"
    with image.open("wb") as file:
        file.truncate(16 << 20)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-F", image], check=True)
    device = subprocess.run(["losetup", "--find", "--show", image], check=True, capture_output=True, text=True).stdout.strip()
    try:
        yield Disk(_point(folder), f"-o errors=remount-ro {device}")
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)


def _point(folder: Path) -> Path:
    point = folder / "disk"
    point.mkdir()
    return point
