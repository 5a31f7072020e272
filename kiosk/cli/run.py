"""`voice-kiosk run`: the daemon."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from kiosk.cli.check import DEFAULT


def run(config: Annotated[Path, typer.Option("--config", help="The configuration file.")] = DEFAULT) -> None:
    """Run the kiosk until SIGTERM. Exit 78 when the configuration cannot run."""
    from kiosk.config.loader import load
    from kiosk.config.report import CANNOT_RUN
    from kiosk.config.secrets import load_api_key
    from kiosk.errors import ConfigError

    try:
        loaded = load(config)
        key = load_api_key(loaded, os.environ)
    except ConfigError as error:
        typer.echo("\n".join([*error.problems, error.hint]).rstrip(), err=True)
        raise typer.Exit(CANNOT_RUN) from None

    from kiosk.edges import serve

    serve(loaded, key, str(config))
