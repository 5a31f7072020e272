"""`voice-kiosk check`: what is wrong with a configuration, all of it at once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

DEFAULT = Path("/etc/voice-kiosk/config.yaml")


def check(
    file: Annotated[Path, typer.Argument(help="The configuration to check.")] = DEFAULT,
    key: Annotated[bool, typer.Option("--key/--no-key", help="Also look for the API key, as `run` would.")] = True,
) -> None:
    """Print every error of a configuration with its line, or "ok" and what it comes to. Exit 78 when it cannot run."""
    from kiosk.config.report import report

    result = report(file, os.environ if key else None)
    typer.echo(result.text, err=not result.ok)
    raise typer.Exit(result.exit_code)
