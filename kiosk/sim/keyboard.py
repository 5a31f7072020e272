"""The terminal's keyboard, key by key, and a button made of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import termios
import tty
from collections.abc import Callable, Generator
from typing import Final

RELEASE_S: Final = 0.6
"""A key counts as released so long after its last repeat: a terminal tells no key-up, and waits some 0.5 s before the first repeat."""
END: Final = "\x04"
"""What is given as the last key when the terminal is gone (Ctrl-D)."""
_SEQUENCES: Final = re.compile(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|O.|.)?")


def keys(text: str) -> list[str]:
    """The plain keys in what a terminal sent; arrows, function keys and the like are left out."""
    return list(_SEQUENCES.sub("", text))


@contextlib.contextmanager
def keyboard(fd: int, on_key: Callable[[str], None]) -> Generator[Callable[[], None]]:
    """Each key at once and unseen, on the running event loop, until the end of the block; gives what sets the terminal back at once.

    Ctrl-C stays a signal; Ctrl-Z is off, since it would leave the drawn screen behind.
    """
    loop = asyncio.get_running_loop()
    before = termios.tcgetattr(fd)

    def read() -> None:
        try:
            data = os.read(fd, 1024)
        except OSError:
            data = b""
        if not data:
            loop.remove_reader(fd)
        for key in keys(data.decode(errors="replace")) if data else [END]:
            on_key(key)

    def restore() -> None:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(fd, termios.TCSAFLUSH, before)

    tty.setcbreak(fd, termios.TCSANOW)
    changed = termios.tcgetattr(fd)
    changed[6][termios.VSUSP] = b"\0"
    termios.tcsetattr(fd, termios.TCSANOW, changed)
    loop.add_reader(fd, read)
    try:
        yield restore
    finally:
        loop.remove_reader(fd)
        restore()


class HeldKey:
    """A button out of a key that repeats while it is held; `hold` keeps it down without the key."""

    def __init__(self, on_press: Callable[[], None], on_release: Callable[[], None]) -> None:
        self.down = False
        self._on_press = on_press
        self._on_release = on_release
        self._timer: asyncio.TimerHandle | None = None

    def hit(self) -> None:
        """The key, or one of its repeats."""
        self._stop()
        self._timer = asyncio.get_running_loop().call_later(RELEASE_S, self.release)
        self._press()

    def hold(self) -> None:
        """Down until the next time; then up."""
        if self.down and self._timer is None:
            self.release()
        else:
            self._stop()
            self._press()

    def release(self) -> None:
        """Up now."""
        self._stop()
        if self.down:
            self.down = False
            self._on_release()

    def _press(self) -> None:
        if not self.down:
            self.down = True
            self._on_press()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
