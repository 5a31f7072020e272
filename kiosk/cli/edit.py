"""`voice-kiosk edit`: change the configuration as visudo changes sudoers."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from kiosk.cli.ask import SOCKET, Socket
from kiosk.cli.check import DEFAULT

if TYPE_CHECKING:
    from kiosk.editor import Edited

NO_TERMINAL: Final = 2
NOT_TAKEN: Final = 69
"""EX_UNAVAILABLE of sysexits.h: the file is in its place, but the running daemon has not taken it."""


def edit(
    file: Annotated[Path, typer.Argument(help="The configuration to edit.")] = DEFAULT,
    reload: Annotated[bool, typer.Option("--reload/--no-reload", help="Have the running daemon take the new file.")] = True,
    socket: Socket = SOCKET,
) -> None:
    """Edit a copy in $EDITOR, check it, put it in place, and have the daemon take it.

    Exit 0: installed and taken, or unchanged or discarded. 1: not done. 2: no terminal. 69: installed, but the daemon did not take it.
    73: cannot be written. 75: somebody else is editing. 129, 130: cut off, interrupted. Except with 0 and 69 the file is as it was.
    """
    from kiosk.editor import CUT_OFF
    from kiosk.editor import edit as edited_by
    from kiosk.errors import EditError

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        hint = f"unattended: voice-kiosk check NEW && install -m 0644 NEW {file} && systemctl reload voice-kiosk"
        typer.echo(f"edit needs a terminal\n{hint}", err=True)
        raise typer.Exit(NO_TERMINAL)
    try:
        with _cut_off_told():
            edited = edited_by(file, _Terminal(), os.environ)
    except EditError as error:
        # Whose terminal is gone is told nothing; the next technician is.
        with suppress(OSError):
            typer.echo(f"{error}\n{error.hint}".rstrip(), err=True)
        if error.exit_code == CUT_OFF:
            _speak_to_nobody()
        raise typer.Exit(error.exit_code) from None
    if edited is None:
        return
    _tell(file, edited)
    if reload and not _taken(socket, file):
        raise typer.Exit(NOT_TAKEN)


class _Terminal:
    def say(self, text: str) -> None:
        typer.echo(text)

    def ask(self, question: str) -> str:
        # Not by input(): a Ctrl-C between its prompt and its reading would wait for the next Enter.
        typer.echo(question, nl=False)
        if line := sys.stdin.readline():
            return line
        raise EOFError


def _speak_to_nobody() -> None:
    """What could not be written to a lost terminal must not be tried again at the interpreter's end: that would end it with 120."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


@contextmanager
def _cut_off_told() -> Generator[None]:
    """A hang-up or SIGTERM ends the edit in order: the old file stays, and what was written is kept."""
    from kiosk.editor import CUT_OFF
    from kiosk.errors import EditError

    def cut_off(_number: int, _frame: FrameType | None) -> None:
        raise EditError("the connection was cut off", exit_code=CUT_OFF)

    earlier = {number: signal.signal(number, cut_off) for number in (signal.SIGHUP, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def _tell(file: Path, edited: Edited) -> None:
    """What changed, key by key."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from kiosk.config.changes import differences

    typer.echo(f"{file} is installed.")
    if edited.old is None:
        typer.echo("There was no usable configuration before.")
        return
    changes = differences(edited.old, edited.new)
    if not changes:
        typer.echo("Only its layout or comments changed.")
        return
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 3, 0, 0))
    for change in changes:
        table.add_row(Text(f"  {change.key}"), Text(f"{_short(change.old)} → {_short(change.new)}"), Text(change.takes))
    Console(highlight=False).print(table)


def _short(value: str) -> str:
    return value if len(value) <= 40 else f"{value[:39]}…"


def _taken(socket: Path, file: Path) -> bool:
    """Have the running daemon read the file again, and say what came of it; False when it did not take it."""
    from kiosk.control.client import RELOADING, RefusedError, ask
    from kiosk.errors import NoAnswerError

    try:
        outcome: dict[str, Any] = ask(socket, "POST", "/reload", limit=RELOADING)
    except NoAnswerError as error:
        typer.echo(f"{error}\n{error.hint}", err=not error.absent)
        return error.absent
    except RefusedError as error:
        typer.echo(f"The daemon has not taken it: {error}", err=True)
        return False
    except KeyboardInterrupt:
        typer.echo("Not waited for: the daemon goes on with it. What came of it: journalctl -u voice-kiosk -n 20", err=True)
        return False
    if os.path.realpath(outcome["file"]) != os.path.realpath(file):
        typer.echo(f"The running daemon does not read this file but {outcome['file']}.", err=True)
        return False
    if outcome["problems"]:
        typer.echo(f"The daemon has not taken it: {outcome['words']}", err=True)
        return False
    typer.echo(f"The daemon has taken it; {outcome['words']}.")
    if outcome["restart"]:
        typer.echo("For the rest: systemctl restart voice-kiosk")
    return True
