"""The command line: one file a verb; a verb's own imports come when it runs, so that the small ones start at once."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from kiosk.cli import check, demo, devices, doctor, edit, events, run, status, steer, volume, watch

app = typer.Typer(
    name="voice-kiosk",
    help="A headless voice appliance: press the button and talk to the agent.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"voice-kiosk {version('voice-kiosk')}")
        raise typer.Exit


@app.callback()
def _options(  # pyright: ignore[reportUnusedFunction] -- typer calls it
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


app.command("run")(run.run)
app.command("check")(check.check)
app.command("edit")(edit.edit)
app.command("status")(status.status)
app.command("watch")(watch.watch)
app.command("events")(events.events)
app.command("devices")(devices.devices)
app.command("doctor")(doctor.doctor)
app.command("press")(steer.press)
app.command("release")(steer.release)
app.command("mute")(steer.mute)
app.command("unmute")(steer.unmute)
app.command("hangup")(steer.hangup)
# A gain below zero is no option.
app.command("volume", context_settings={"ignore_unknown_options": True})(volume.volume)
app.command("demo")(demo.demo)


def main() -> None:
    """The entry point of `voice-kiosk`."""
    app()
