"""`voice-kiosk devices`: what the configuration can name, and what it gets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kiosk.cli.ask import SOCKET, Socket
from kiosk.cli.check import DEFAULT
from kiosk.cli.scratch import scratch

if TYPE_CHECKING:
    from kiosk.config.model import Config

MISSING = 1
"""Exit code where a configured device cannot be had."""


def devices(
    config: Annotated[Path, typer.Option("--config", help="The configuration whose devices are looked for.")] = DEFAULT,
    socket: Socket = SOCKET,
) -> None:
    """List microphones, speakers and GPIO lines by the names that the configuration takes, and say which are chosen and why.

    Needs no running daemon. Exit 1 when a configured sound device is not there.
    """
    from kiosk.cli.inventory import gpio, in_daemon, sound

    settings, remark = _settings(config.absolute())
    typer.echo(remark)
    held = in_daemon(socket)
    whole = True
    for direction, wanted, channel in (
        ("microphone", settings.audio.microphone.device, settings.audio.microphone.channel),
        ("speaker", settings.audio.speaker.device, None),
    ):
        lines, found = sound(direction, wanted, channel, held.get(direction))
        whole &= found
        _print(lines)
    with scratch():
        _print(gpio(settings.button, settings.led))
    raise typer.Exit(0 if whole else MISSING)


def _settings(file: Path) -> tuple[Config, str]:
    """The configuration, or the defaults where it cannot be read, and which of the two."""
    from kiosk.config.loader import load
    from kiosk.config.model import Config
    from kiosk.errors import ConfigError

    try:
        return load(file), f"as {file} wants them"
    except ConfigError as error:
        return Config(), f"as the defaults have them, since the configuration cannot be read: {error.problems[0]}"


def _print(lines: Iterator[str]) -> None:
    typer.echo()
    for line in lines:
        typer.echo(line)
