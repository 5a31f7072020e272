"""`voice-kiosk check`: what is wrong with a configuration, all of it at once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from kiosk.config.model import Config

DEFAULT = Path("/etc/voice-kiosk/config.yaml")


def check(
    file: Annotated[Path, typer.Argument(help="The configuration to check.")] = DEFAULT,
    key: Annotated[bool, typer.Option("--key/--no-key", help="Also look for the API key, as `run` would.")] = True,
) -> None:
    """Print every error of a configuration with its line, or "ok" and what it comes to. Exit 78 when it cannot run."""
    from kiosk.config.report import report

    result = report(file, os.environ if key else None, look=_tones)
    typer.echo(result.text, err=not result.ok)
    raise typer.Exit(result.exit_code)


def _tones(config: Config) -> list[str]:
    words: list[str] = []
    if config.earcons.files:  # reading them needs numpy, which is slow to import
        from kiosk.audio.earcons import usable

        usable(config.earcons.files, words.append)
    return words
