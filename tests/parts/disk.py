"""A disk that forgets what was not flushed to it: what a power cut leaves, for any cut.

`Recorder` stands for the module `os` (and `tempfile`) of the code that writes; it does everything for real and writes it down.
Nothing else is offered, so that no step can go unnoticed. `Disk` replays a log up to a cut, and gives what may then be on the disk: data
that was not flushed is there, or in part, or as zeros, or not at all; renames that were not flushed have happened or have not, in any
order.
"""

from __future__ import annotations

import os
import random
import stat
import tempfile
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Step:
    """One call that changes the disk: `what` on the file that was created as the so-manieth, or on its name(s)."""

    what: str
    file: int = 0
    names: tuple[str, ...] = ()
    data: bytes = b""
    mode: int = 0


class Recorder:
    """The real `os`, as far as it is offered here, with a log."""

    O_RDONLY, O_DIRECTORY = os.O_RDONLY, os.O_DIRECTORY

    def __init__(self) -> None:
        self.log: list[Step] = []
        self.path = os.path
        self._files: dict[int, int] = {}
        """By inode number, which is used again."""

    def mkstemp(self, *, dir: Path, prefix: str) -> tuple[int, str]:
        descriptor, name = tempfile.mkstemp(dir=dir, prefix=prefix)
        status = os.fstat(descriptor)
        self._files[status.st_ino] = 1 + sum(step.what == "create" for step in self.log)
        self.log.append(Step("create", self._file(descriptor), (name,), mode=stat.S_IMODE(status.st_mode)))
        return descriptor, name

    def write(self, descriptor: int, data: bytes) -> int:
        # No write need take all: a disk that is nearly full does not.
        count = os.write(descriptor, data[:3000])
        self.log.append(Step("write", self._file(descriptor), data=data[:count]))
        return count

    def fchmod(self, descriptor: int, mode: int) -> None:
        os.fchmod(descriptor, mode)
        self.log.append(Step("mode", self._file(descriptor), mode=mode))

    def fchown(self, descriptor: int, user: int, group: int) -> None:
        os.fchown(descriptor, user, group)

    def fsync(self, descriptor: int) -> None:
        os.fsync(descriptor)
        folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        self.log.append(Step("flush folder") if folder else Step("flush", self._file(descriptor)))

    def replace(self, source: str, target: Path) -> None:
        file = self._file(source)
        os.replace(source, target)
        self.log.append(Step("rename", file, (source, str(target))))

    def unlink(self, name: str) -> None:
        file = self._file(name)
        os.unlink(name)
        self.log.append(Step("unlink", file, (name,)))

    def open(self, path: Path, flags: int) -> int:
        assert flags == os.O_RDONLY | os.O_DIRECTORY, "only folders are opened, to be flushed"
        return os.open(path, flags)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    def _file(self, which: int | str) -> int:
        return self._files[os.stat(which).st_ino]


@dataclass(slots=True)
class _File:
    mode: int
    data: bytes = b""
    flushed: tuple[int, bytes] | None = None
    """Mode and data that are surely on the disk."""


@dataclass
class Disk:
    """A folder at the moment of a cut. `names` is what is surely on the disk, `pending` what may be, in order."""

    names: dict[str, int] = field(default_factory=dict[str, int])
    files: dict[int, _File] = field(default_factory=dict[int, _File])
    pending: list[Step] = field(default_factory=list[Step])

    def put(self, name: str, mode: int, data: bytes) -> None:
        """The file that was there before."""
        self.names[name] = 0
        self.files[0] = _File(mode, data, (mode, data))

    def play(self, step: Step) -> None:
        """The step was done before the cut."""
        match step.what:
            case "create":
                self.files[step.file] = _File(step.mode)
                self.pending.append(step)
            case "write":
                self.files[step.file].data += step.data
            case "mode":
                self.files[step.file].mode = step.mode
            case "flush":
                file = self.files[step.file]
                file.flushed = (file.mode, file.data)
            case "flush folder":
                self.names = self._names(self.pending)
                self.pending = []
            case _:
                self.pending.append(step)

    def after_cut(self, name: str, luck: random.Random) -> tuple[int, bytes] | None:
        """Mode and content of the file that has the name when the power is back; None for none."""
        happened = [step for step in self.pending if luck.random() < 0.5]
        if luck.random() < 0.5:
            happened = self.pending[: luck.randint(0, len(self.pending))]
        file = self._names(happened).get(name)
        return None if file is None else self._survivor(self.files[file], luck)

    def _names(self, happened: list[Step]) -> dict[str, int]:
        names = dict(self.names)
        for step in happened:
            for gone in step.names[:1]:
                names.pop(gone, None)
            if step.what != "unlink":
                names[step.names[-1]] = step.file
        return names

    def _survivor(self, file: _File, luck: random.Random) -> tuple[int, bytes]:
        if file.flushed == (file.mode, file.data):
            return file.mode, file.data
        mode, sure = file.flushed or (0o600, b"")
        cut = luck.randint(0, len(file.data))
        return luck.choice(
            [(mode, sure), (file.mode, file.data[:cut]), (mode, file.data[:cut] + bytes(len(file.data) - cut)), (file.mode, file.data)]
        )
