"""`voice-kiosk press`, `release`, `mute`, `unmute` and `hangup`: what hands at the kiosk would do, from afar."""

from __future__ import annotations

from pathlib import Path

import typer

from kiosk.cli.ask import SOCKET, Socket, asked


def press(socket: Socket = SOCKET) -> None:
    """Press the button of the running kiosk; in mode `hold` the microphone stays open until `release`."""
    _order("press", socket)


def release(socket: Socket = SOCKET) -> None:
    """Let go of the button."""
    _order("release", socket)


def mute(socket: Socket = SOCKET) -> None:
    """Silence the microphone at once, in this call and those after it, until `unmute` or a restart; the LED says so."""
    _order("mute", socket)


def unmute(socket: Socket = SOCKET) -> None:
    """Let the microphone hear again."""
    _order("unmute", socket)


def hangup(socket: Socket = SOCKET) -> None:
    """End the call."""
    _order("hangup", socket)


def _order(order: str, socket: Path) -> None:
    typer.echo(asked(socket, "POST", f"/{order}")["said"])
