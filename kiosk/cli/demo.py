"""`voice-kiosk demo`: the whole appliance with its edges swapped for simulated ones."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from kiosk.signals import Mode

INTERRUPTED = 130
"""Exit code of a demo that was stopped before it ran, as shells have it."""


def demo(
    *,
    script: Annotated[bool, typer.Option("--script", help="A scripted visit with a report, as without a terminal.")] = False,
    mode: Annotated[Mode, typer.Option(help="How the visitor speaks.")] = "hold",
    sound: Annotated[Literal["sim", "real"], typer.Option(help="A simulated sound card, or this machine's.")] = "sim",
    session_url: Annotated[str | None, typer.Option(help="A real voice API; its key is taken from VOICE_KIOSK_API_KEY.")] = None,
    agent_id: Annotated[str | None, typer.Option(help="The agent to call there.")] = None,
    server: Annotated[
        str | None, typer.Option(help="A real LiveKit server; needs LIVEKIT_API_KEY and LIVEKIT_API_SECRET in the environment.")
    ] = None,
    socket: Annotated[Path | None, typer.Option(help="Answer `status`, `watch`, `press` and the like at this control socket.")] = None,
    svg: Annotated[Path | None, typer.Option(help="Only draw the screen in mid-call into this file.")] = None,
) -> None:
    """Talk to an agent on this machine alone: no account, no hardware, no configuration."""
    typer.echo("Voice Kiosk demo: starting …")
    on_screen = svg is None and not script and sys.stdin.isatty() and sys.stdout.isatty()
    try:
        code = asyncio.run(
            _shown(
                mode,
                real=sound == "real",
                session_url=session_url,
                agent_id=agent_id,
                server=server,
                socket=socket,
                svg=svg,
                on_screen=on_screen,
            )
        )
    except KeyboardInterrupt:
        code = INTERRUPTED

    from kiosk.room.shutdown import end_process

    end_process(code)


async def _shown(
    mode: Mode,
    *,
    real: bool,
    session_url: str | None,
    agent_id: str | None,
    server: str | None,
    socket: Path | None,
    svg: Path | None,
    on_screen: bool,
) -> int:
    from kiosk.errors import KioskError
    from kiosk.sim.options import chosen
    from kiosk.system.journal import set_up_logging

    try:
        setting = chosen(mode, os.environ, real_sound=real, session_url=session_url, agent_id=agent_id, server=server)
        setting = replace(setting, socket=socket)
    except KioskError as error:
        typer.echo(str(error) if error.hint in str(error) else f"{error}\n{error.hint}", err=True)
        return 1
    if on_screen:
        from kiosk.sim.booth import played

        return await played(setting)
    from kiosk.sim.theatre import pictured, scripted

    set_up_logging("warning")
    return await (scripted(setting) if svg is None else pictured(setting, svg))
