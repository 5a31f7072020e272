"""`voice-kiosk events`: what happens, as it happens, for a screen or a lamp beside the kiosk."""

from __future__ import annotations

import os
import sys

import typer

from kiosk.cli.ask import NOT_RUNNING, SOCKET, Socket, explaining


def events(socket: Socket = SOCKET) -> None:
    """Print state changes, room events and faults as JSON lines until the daemon ends; what is said only with log.words: true."""
    from kiosk.control.client import events as told

    with explaining():
        try:
            for line in told(socket):
                sys.stdout.buffer.write(line)
                sys.stdout.buffer.flush()
        except KeyboardInterrupt:
            raise typer.Exit from None
        except BrokenPipeError:
            # Whoever read us has gone; the interpreter would complain of it once more when it closes stdout.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit from None
    typer.echo("the daemon has ended", err=True)
    raise typer.Exit(NOT_RUNNING)
