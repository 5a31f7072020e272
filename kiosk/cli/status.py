"""`voice-kiosk status`: how the running daemon is."""

from __future__ import annotations

from typing import Annotated

import typer

from kiosk.cli.ask import SOCKET, Socket, asked

FAULTY = 1
"""Exit code while something is wrong that is more than a notice."""


def status(socket: Socket = SOCKET, json: Annotated[bool, typer.Option("--json", help="The whole record, for machines.")] = False) -> None:
    """Say how the daemon is. Exit 0 when all is well, 1 with a fault, 3 when it is not running, 4 when it cannot be asked."""
    answer = asked(socket, "GET", "/status")

    from kiosk.control.harmless import harmless
    from kiosk.control.record import Status

    record = Status.model_validate(answer)
    if json:
        typer.echo(harmless(record.model_dump_json(indent=2)))
    else:
        from rich.console import Console
        from rich.text import Text

        from kiosk.cli.picture import NAMES, lines

        console = Console(highlight=False)
        for line in lines(record):
            console.print(Text.assemble((f"{line.name:<{NAMES}}", "dim"), (line.text, line.style)), soft_wrap=not console.is_terminal)
    raise typer.Exit(0 if record.well else FAULTY)
