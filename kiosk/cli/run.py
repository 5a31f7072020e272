"""`voice-kiosk run`: the daemon."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from kiosk.cli.check import DEFAULT
from kiosk.control.place import VARIABLE, own_socket


def run(
    config: Annotated[Path, typer.Option("--config", help="The configuration file.")] = DEFAULT,
    socket: Annotated[
        Path | None, typer.Option(envvar=VARIABLE, help="The control socket, if not in the runtime folder.", show_default=False)
    ] = None,
) -> None:
    """Run the kiosk until SIGTERM. A configuration that cannot run gives way to the last good one; without one, exit 78."""
    from kiosk.boot import boot
    from kiosk.config.report import CANNOT_RUN
    from kiosk.errors import ConfigError

    try:
        booted = boot(config, os.environ)
    except ConfigError as error:
        typer.echo("\n".join([*error.problems, error.hint]).rstrip(), err=True)
        raise typer.Exit(CANNOT_RUN) from None

    from kiosk.edges import serve

    serve(booted, socket or own_socket(os.environ))
