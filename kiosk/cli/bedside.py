"""Who stands beside the kiosk while the doctor looks at it: somebody at a terminal, or nobody."""

from __future__ import annotations

import select
import sys
import termios
import time
from functools import partial
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.text import Text

from kiosk.cli.watch import meter
from kiosk.doctor.aside import aside

_ANSWERS: Final = {"y": True, "yes": True, "n": False, "no": False}


class Nobody:
    """No terminal: nothing is shown on the way, nothing is asked."""

    there = False

    def tell(self, text: str) -> None:
        pass

    def meter(self, dbfs: float) -> None:
        pass

    async def ask(self, question: str, seconds: float) -> bool | None:
        return None


class Technician:
    """Somebody at a terminal. What is told stands in the last line until something else is, or a finding takes its place."""

    there = True

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._told = ""

    def tell(self, text: str) -> None:
        self._told = text
        if text:
            self._show(Text(text, style="dim", no_wrap=True, overflow="ellipsis"))
        elif self._live is not None:
            self._live.stop()
            self._live = None

    def meter(self, dbfs: float) -> None:
        self._show(Text(f"{self._told} {meter(dbfs)} {dbfs:.0f} dBFS", no_wrap=True, overflow="ellipsis"))

    async def ask(self, question: str, seconds: float) -> bool | None:
        self.tell("")
        self._console.print(f"{question} [y/n] ", end="", markup=False)
        answer = await aside(partial(_answered, seconds))
        if answer is None:
            self._console.print()
        return answer

    def _show(self, text: Text) -> None:
        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(text, refresh=True)


def _answered(seconds: float) -> bool | None:
    """What is typed from now on, until it is an answer."""
    termios.tcflush(sys.stdin, termios.TCIFLUSH)
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and select.select([sys.stdin], [], [], left)[0]:
        line = sys.stdin.readline()
        if not line:
            return None
        if (answer := _ANSWERS.get(line.strip().lower())) is not None:
            return answer
    return None
