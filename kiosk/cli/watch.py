"""`voice-kiosk watch`: the status, live, with what happens below it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from kiosk.cli.ask import SOCKET, Socket, asked

if TYPE_CHECKING:
    from rich.console import RenderableType

    from kiosk.control.record import Status

PERIOD: Final = 0.5
"""Seconds between two looks."""
BAR: Final = 30
"""Cells of a level meter."""
FLOOR: Final = -60.0
"""dBFS of an empty one."""
NEEDS_TERMINAL: Final = 2


def watch(socket: Socket = SOCKET) -> None:
    """Show the daemon's status live until Ctrl-C, through its restarts too."""
    if not sys.stdout.isatty():
        typer.echo("watch draws on a terminal, and this is none: use `status` or `events`", err=True)
        raise typer.Exit(NEEDS_TERMINAL)
    # Who may not ask, or names the wrong socket, is told so instead of an empty picture.
    asked(socket, "GET", "/status")

    from rich.live import Live

    try:
        with Live(screen=True, auto_refresh=False) as live:
            _look(lambda drawn: live.update(drawn, refresh=True), socket, lambda: live.console.size.height)
    except KeyboardInterrupt:
        raise typer.Exit from None


def _look(show: Callable[[RenderableType], None], socket: Path, height: Callable[[], int]) -> None:
    """Pictures for ever."""
    import time

    from kiosk.cli.tail import Tail
    from kiosk.control.client import RefusedError, ask
    from kiosk.control.record import Status
    from kiosk.errors import NoAnswerError

    tail = Tail(socket)
    tail.follow()
    while True:
        try:
            status: Status | str = Status.model_validate(ask(socket, "GET", "/status"))
        except (NoAnswerError, RefusedError) as error:
            status = f"{error}; still looking"
        show(picture(status, list(tail.lines), tail.why, height()))
        time.sleep(PERIOD)


def picture(status: Status | str, happened: list[str], why: str, height: int) -> RenderableType:
    """The status (or why there is none), the levels, and as many of the latest happenings as fit."""
    from rich.console import Group
    from rich.text import Text

    from kiosk.cli.picture import NAMES, lines

    if isinstance(status, str):
        rows = [Text(status, style="bold red")]
    else:
        rows = [
            Text.assemble((f"{line.name:<{NAMES}}", "dim"), (line.text, line.style), no_wrap=True, overflow="ellipsis")
            for line in lines(status)
        ]
        rows += [Text.assemble((f"{name:<{NAMES}}", "dim"), meter(level)) for name, level in _levels(status).items()]
    room = max(0, height - len(rows) - 3)
    latest = [Text(text, no_wrap=True, overflow="ellipsis") for text in happened[-room:]] if room else []
    return Group(*rows, Text(), Text(f"what happens {why}", style="dim"), *latest)


def _levels(status: Status) -> dict[str, float | None]:
    return {"heard": status.sound.microphone_dbfs, "played": status.sound.speaker_dbfs}


def meter(level: float | None) -> str:
    """A bar of BAR cells for dBFS."""
    cells = 0 if level is None else round(BAR * min(1.0, max(0.0, 1.0 - level / FLOOR)))
    return "█" * cells + "·" * (BAR - cells)
