"""One technician's edit of the configuration, as visudo does it: a copy, an editor, a check, and the old file or a good new one."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Final, Protocol

from kiosk.config.loader import LIMIT, parse
from kiosk.config.model import Config
from kiosk.config.pointer import place, pointed
from kiosk.config.source import read_source
from kiosk.config.template import template
from kiosk.control.caller import own_name
from kiosk.errors import ConfigError, EditError
from kiosk.system.files import write_atomically
from kiosk.system.lock import Lock, TakenError, locked

BUSY, CANNOT_WRITE, INTERRUPTED, CUT_OFF, NOT_DONE = 75, 73, 130, 129, 1
"""Exit codes: EX_TEMPFAIL and EX_CANTCREAT of sysexits.h, a shell's for SIGINT and SIGHUP, and everything else that left the old file."""
_EDITORS: Final = ("sensible-editor", "editor", "nano", "vi")
_TAKE_A_LINE: Final = frozenset({"vi", "vim", "vim.tiny", "vim.basic", "nvim", "nano", "emacs", "joe", "sensible-editor", "editor"})
"""Editors that go to a line by `+LINE`."""


class Terminal(Protocol):
    """The technician."""

    def say(self, text: str) -> None: ...
    def ask(self, question: str) -> str:
        """The answer; EOFError or OSError when nobody is there any longer, KeyboardInterrupt for Ctrl-C."""
        ...


@dataclass(frozen=True, slots=True)
class Edited:
    """A new configuration in its place, and the one before it (None where that could not run)."""

    old: Config | None
    new: Config


def edit(path: Path, terminal: Terminal, environ: Mapping[str, str]) -> Edited | None:
    """Let the technician change the file; None when it was left as it is. Raises EditError, after which it is as it was."""
    path = Path(os.path.realpath(path))
    try:
        with locked(path.with_name(f".{path.name}.lock"), who(environ)) as lock:
            _tell_of(lock.earlier, terminal)
            return _Desk(path, terminal, editor(environ), lock, who(environ)).work()
    except TakenError as note:
        owner = str(note).partition("\n")[0] or "somebody"
        raise EditError(f"{path} is being edited by {owner}", exit_code=BUSY, hint="wait until they are done, or ask them") from None
    except OSError as error:
        text = f"{error.filename or path.parent}: {(error.strerror or str(error)).lower()}"
        raise EditError(text, exit_code=CANNOT_WRITE, hint="use sudo, or make the file system writable") from None


def who(environ: Mapping[str, str]) -> str:
    """The technician in words: name, terminal, where from, since when."""
    remote = environ.get("SSH_CONNECTION", "").split(" ")[0]
    terminal = os.ttyname(0).removeprefix("/dev/") if os.isatty(0) else ""
    since = f"since {datetime.now():%Y-%m-%d %H:%M}"  # noqa: DTZ005
    parts = (own_name(environ), f"on {terminal}" if terminal else "", f"from {remote}" if remote else "", since)
    return f"{' '.join(part for part in parts if part)} (process {os.getpid()})"


def editor(environ: Mapping[str, str]) -> list[str]:
    """The technician's editor: $VISUAL, $EDITOR, else the first of those that Debian has. Raises EditError where there is none."""
    for name in ("VISUAL", "EDITOR"):
        told = environ.get(name, "")
        try:
            words = shlex.split(told)
        except ValueError as error:
            text = f"${name} is {told!r}, which is no command ({str(error).lower()})"
            raise EditError(text, exit_code=NOT_DONE, hint=f"set it anew: export {name}=nano") from None
        if words:
            return words
    for name in _EDITORS:
        if found := shutil.which(name):
            return [found]
    raise EditError("there is no editor", exit_code=NOT_DONE, hint="set EDITOR, or: apt install nano")


class _Desk:
    """One edit, under its lock."""

    def __init__(self, path: Path, terminal: Terminal, editor: list[str], lock: Lock, who: str) -> None:
        self._path = path
        self._terminal = terminal
        self._editor = editor
        self._before = _content(path)
        self._folder = Path(tempfile.mkdtemp(prefix="voice-kiosk-edit-"))
        self._copy = self._folder / path.name
        self._copy.write_bytes(template().encode() if self._before is None else self._before)
        lock.note(f"{who}\n{self._copy}")

    def work(self) -> Edited | None:
        """Edit until it is good or given up. Whatever was written and not installed is kept, and the technician told where."""
        try:
            edited = self._until_good()
        except EditError as error:
            raise self._kept(error) from None
        except KeyboardInterrupt:
            raise self._kept(EditError("interrupted", exit_code=INTERRUPTED)) from None
        except (EOFError, OSError):
            raise self._kept(EditError("the terminal is gone", exit_code=CUT_OFF)) from None
        shutil.rmtree(self._folder, ignore_errors=True)
        return edited

    def _until_good(self) -> Edited | None:
        line = None
        while True:
            self._open_editor(line)
            text = self._read()
            try:
                config = parse(text, str(self._path))
            except ConfigError as error:
                if (line := self._edit_again(error, text)) is None:
                    return None
                continue
            if text == self._before:
                self._terminal.say(f"{self._path} is unchanged.")
                return None
            return self._install(text, config)

    def _read(self) -> bytes:
        try:
            return read_source(self._copy, LIMIT).data
        except FileNotFoundError:
            raise EditError("the editor has removed the copy", exit_code=NOT_DONE) from None
        except ConfigError as error:
            raise EditError(str(error), exit_code=NOT_DONE) from None

    def _edit_again(self, error: ConfigError, text: bytes) -> int | None:
        """Show what is wrong and ask what to do: the line to begin with, or None to discard."""
        number = len(error.problems)
        shown = "\n".join(pointed(problem, str(self._path), text) for problem in error.problems)
        self._terminal.say(f"{shown}\n{number} problem{'s' if number != 1 else ''}: this cannot run, so it is not installed.")
        while True:
            match self._terminal.ask("Edit again or discard? [E/d] ").strip().lower():
                case "" | "e" | "edit":
                    return (place(error.problems[0], str(self._path)) or (1, 1))[0]
                case "d" | "discard":
                    self._terminal.say(f"Discarded; {self._path} is as it was.")
                    return None
                case _:
                    self._terminal.say("e edits again, d discards what you changed.")

    def _install(self, text: bytes, config: Config) -> Edited:
        if _content(self._path) != self._before:
            raise EditError(f"{self._path} was changed meanwhile by another program", exit_code=NOT_DONE, hint="bring both together")
        try:
            write_atomically(self._path, text)
        except OSError as error:
            text_ = f"{self._path} could not be written: {(error.strerror or str(error)).lower()}"
            raise EditError(text_, exit_code=CANNOT_WRITE) from None
        return Edited(_usable(self._before, self._path), config)

    def _open_editor(self, line: int | None) -> None:
        words = [*self._editor, *([f"+{line}"] if line and Path(self._editor[0]).name in _TAKE_A_LINE else []), str(self._copy)]
        with _left_to_the_editor():
            try:
                # Not run(): that would kill the editor, and what it can still save, when a signal ends this process.
                code = subprocess.Popen(words).wait()  # noqa: S603  the technician's own choice
            except OSError as error:
                raise EditError(
                    f"{self._editor[0]}: {(error.strerror or str(error)).lower()}", exit_code=NOT_DONE, hint="set EDITOR"
                ) from None
        if code != 0:
            how = f"ended with {code}" if code > 0 else f"was ended by signal {-code}"
            raise EditError(f"the editor {how}", exit_code=NOT_DONE)

    def _kept(self, error: EditError) -> EditError:
        """The error with where the copy is, if there is something in it that is not in the file."""
        try:
            kept = read_source(self._copy, LIMIT).data != (self._before or template().encode())
        except FileNotFoundError:
            kept = False
        except ConfigError:
            kept = True
        # Cut off, the editor may still be saving.
        if not kept and error.exit_code != CUT_OFF:
            shutil.rmtree(self._folder, ignore_errors=True)
        where = f"{self._path} is as it was{f'; what you wrote is in {self._copy}' if kept else ''}"
        return EditError(f"{error}: {where}", exit_code=error.exit_code, hint=error.hint)


def _content(path: Path) -> bytes | None:
    try:
        return read_source(path, LIMIT).data
    except FileNotFoundError:
        return None
    except ConfigError as error:
        raise EditError(str(error), exit_code=NOT_DONE) from None


def _usable(text: bytes | None, path: Path) -> Config | None:
    try:
        return None if text is None else parse(text, str(path))
    except ConfigError:
        return None


def _tell_of(note: str, terminal: Terminal) -> None:
    """An edit that did not end in order may have left something worth having."""
    owner, _, copy = note.partition("\n")
    if copy and Path(copy).exists():
        terminal.say(f"The edit by {owner} did not end in order; its copy is {copy}.")


@contextmanager
def _left_to_the_editor() -> Generator[None]:
    """Ctrl-C is the editor's. A handler, because what is ignored would stay ignored in the editor."""

    def nothing(_number: int, _frame: FrameType | None) -> None: ...

    earlier: Callable[[int, FrameType | None], object] | int | None = signal.signal(signal.SIGINT, nothing)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, earlier)
