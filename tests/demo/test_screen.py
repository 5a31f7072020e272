"""The demo's screen: its words, and the program in a terminal of its own."""

from __future__ import annotations

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from kiosk.machine.states import Kiosk, State, Talk
from kiosk.signals import Mode
from kiosk.sim.screen import NARROWEST, advice

COMMAND = (str(Path(sys.executable).with_name("voice-kiosk")), "demo")
LIMIT = 15.0
SHOWN_AGAIN = "\x1b[?1049l"
"""The sequence by which the terminal's own screen comes back."""


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("mode", get_args(Mode))
def test_there_is_always_a_word_on_what_to_do_and_it_fits(state: State, mode: Mode) -> None:
    for talk in Talk:
        for microphone in (True, False):
            for simulated in (True, False):
                assert 0 < len(advice(Kiosk(state, microphone=microphone, talk=talk), mode, simulated=simulated)) <= NARROWEST - 4


class Terminal:
    """The demo in a pseudo-terminal."""

    def __init__(self) -> None:
        self.screen, self._inside = os.openpty()
        self.resize(100, 30)
        self.before = self.settings
        # A readline somewhere above may have noted another terminal's size; rich would believe it.
        environment = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES")} | {"TERM": "xterm-256color"}
        self.process = subprocess.Popen(COMMAND, stdin=self._inside, stdout=self._inside, stderr=self._inside, env=environment)
        self.shown = ""

    @property
    def settings(self) -> list[object]:
        return termios.tcgetattr(self._inside)

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._inside, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys: str) -> None:
        os.write(self.screen, keys.encode())

    def wait_for(self, pattern: str) -> None:
        """Reads until the pattern is drawn after everything that was waited for before."""
        end = time.monotonic() + LIMIT
        while not (found := re.search(pattern, self.shown)):
            assert time.monotonic() < end, f"{pattern!r} not in {self.shown[-3000:]!r}"
            self._read()
        self.shown = self.shown[found.end() :]

    def ended(self) -> int:
        """The exit code, with all that was drawn read."""
        end = time.monotonic() + LIMIT
        while self.process.poll() is None and time.monotonic() < end:
            self._read()
        self._read()
        return self.process.wait(1)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._inside)
        os.close(self.screen)

    def _read(self) -> None:
        while select.select([self.screen], [], [], 0.05)[0]:
            self.shown += os.read(self.screen, 65_536).decode(errors="replace")


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal()
    yield terminal
    terminal.close()


def test_the_space_bar_is_the_button_and_q_gives_the_terminal_back(terminal: Terminal) -> None:
    terminal.wait_for("idle for")
    terminal.type("\n")
    terminal.wait_for("connecting for")
    terminal.wait_for("listening")
    terminal.wait_for(r"\(speaking\)")
    terminal.resize(20, 5)
    terminal.wait_for("needs")
    terminal.resize(100, 30)
    terminal.wait_for("live for")
    terminal.type("hq")
    assert terminal.ended() == 0
    assert SHOWN_AGAIN in terminal.shown
    assert terminal.settings == terminal.before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_gives_the_terminal_back(terminal: Terminal, number: signal.Signals) -> None:
    terminal.wait_for("idle for")
    terminal.process.send_signal(number)
    assert terminal.ended() == 0
    assert SHOWN_AGAIN in terminal.shown
    assert terminal.settings == terminal.before


def test_another_mode_is_another_device_on_the_same_screen(terminal: Terminal) -> None:
    terminal.wait_for("mode hold")
    terminal.wait_for("idle for")
    terminal.type("m")
    terminal.wait_for("mode toggle")
    # Longer than a device may take to stop: the first one's last resort must not end the second.
    terminal.wait_for("idle for 3 s")
    terminal.type(" ")
    terminal.wait_for("listening")
    terminal.type("q")
    assert terminal.ended() == 0
