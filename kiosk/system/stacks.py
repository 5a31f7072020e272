"""Where every thread is: file, line and function of each frame, never a value, so that no secret and no word said is in it."""

from __future__ import annotations

import faulthandler
import os


def tell_before_death() -> None:
    """From now on a fatal signal writes the stacks to stderr before it ends the process; systemd's watchdog sends SIGABRT."""
    # A copy, because the sound library's own chatter is kept off stderr by pointing that elsewhere meanwhile (kiosk.audio.portaudio).
    faulthandler.enable(os.dup(2))


class StallStacks:
    """Writes the stacks to stderr, once, when `alive` is not called again in time.

    The interpreter's own C thread does it, so that it also happens while a library holds every Python thread up. At most a
    hundred threads of a hundred frames are written.
    """

    def __init__(self) -> None:
        self._stderr: int | None = None

    def alive(self, seconds: float) -> None:
        """Nothing stalls; the stacks are written unless this is called again within `seconds`."""
        if self._stderr is None:
            self._stderr = os.dup(2)
        faulthandler.dump_traceback_later(seconds, file=self._stderr)

    def close(self) -> None:
        """Nothing is written any longer."""
        faulthandler.cancel_dump_traceback_later()
        if self._stderr is not None:
            os.close(self._stderr)
            self._stderr = None
