"""What the verbs that ask the running daemon share: where it is, and what to say when it does not answer."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from kiosk.control.place import DEFAULT, VARIABLE

REFUSED: Final = 2
"""Exit code where the daemon says no."""
NOT_RUNNING: Final = 3
NO_ANSWER: Final = 4
"""Exit codes of the LSB's `status`: 3 for a program that is not running, 4 for one that cannot be asked."""

Socket = Annotated[Path, typer.Option("--socket", envvar=VARIABLE, help="The daemon's control socket.")]
SOCKET: Final = DEFAULT


@contextmanager
def explaining() -> Generator[None]:
    """Ends the verb with words on stderr and an exit code where the daemon cannot be asked or says no."""
    from kiosk.control.client import RefusedError
    from kiosk.errors import NoAnswerError

    try:
        yield
    except NoAnswerError as error:
        typer.echo(f"{error}\n{error.hint}", err=True)
        raise typer.Exit(NOT_RUNNING if error.absent else NO_ANSWER) from None
    except RefusedError as error:
        typer.echo(f"the daemon refuses: {error}", err=True)
        raise typer.Exit(REFUSED) from None


def asked(socket: Path, method: str, target: str, body: object = None) -> dict[str, Any]:
    """The daemon's answer; ends the verb where there is none."""
    from kiosk.control.client import ask

    with explaining():
        return ask(socket, method, target, body)
