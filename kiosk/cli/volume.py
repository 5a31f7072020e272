"""`voice-kiosk volume`: how loud the agent is."""

from __future__ import annotations

from typing import Annotated

import typer

from kiosk.cli.ask import SOCKET, Socket, asked


def volume(
    gain: Annotated[
        float | None, typer.Argument(help="The speaker's gain in dB, from -60 to 12; without it, what it is.", show_default=False)
    ] = None,
    socket: Socket = SOCKET,
) -> None:
    """Say or set the speaker's gain in dB. It holds until the daemon ends; audio.speaker.gain is what it begins with."""
    said = asked(socket, "GET", "/volume") if gain is None else asked(socket, "POST", "/volume", {"gain_db": gain})
    now, configured = said["gain_db"], said["configured_db"]
    until = "as configured" if now == configured else f"until the daemon ends; audio.speaker.gain is {configured:g} dB"
    typer.echo(f"the speaker's gain is {now:g} dB, {until}")
