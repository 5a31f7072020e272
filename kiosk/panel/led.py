"""The LED on the event loop: one task that sleeps until the pattern's next change."""

from __future__ import annotations

import asyncio
from typing import Final

from kiosk.config.model import LedConfig
from kiosk.errors import PanelError
from kiosk.panel.driver import Color, LedLine
from kiosk.panel.patterns import frames, pattern
from kiosk.signals import Indication

GAMMA: Final = 2.2
"""Perceived brightness to light: the exponent of sRGB displays, which makes halves look like halves."""
LATE: Final = 0.02
"""Seconds that a step may be late and still keep the pattern's beat; after more the beat begins anew, so that no burst follows a stall."""


class Led:
    """Plays the pattern of what is shown on the attached line; without a line it only remembers what to show."""

    def __init__(self, config: LedConfig) -> None:
        self._config = config
        self._line: LedLine | None = None
        self._shown = Indication.OFF
        self._failure: PanelError | None = None
        self._again = asyncio.Event()
        self._begin()

    def reconfigure(self, config: LedConfig) -> None:
        """Go on with these patterns and this brightness; the lines stay what they are."""
        if config != self._config:
            self._config = config
            self._begin()

    def attach(self, line: LedLine | None) -> None:
        """Plays on this line from the pattern's first step on, or on none; the caller closes the line."""
        self._line = line
        self._failure = None
        self._begin()

    def show(self, indication: Indication) -> None:
        """The first step of the pattern is on the LED before this returns; what is shown already goes on undisturbed. Never raises."""
        if indication is not self._shown:
            self._shown = indication
            self._begin()

    async def run(self) -> None:
        """Plays until the line fails (PanelError). A steady pattern costs nothing."""
        while True:
            if self._failure is not None:
                raise self._failure
            self._again.clear()
            try:
                async with asyncio.timeout_at(self._next):
                    await self._again.wait()
            except TimeoutError:
                # A pattern that began in the very moment has taken its first step already.
                if not self._again.is_set():
                    self._step()

    def _begin(self) -> None:
        blink = pattern(self._shown, self._config.patterns)
        self._color = _light(blink.color)
        self._frames = frames(blink)
        self._next: float | None = None
        if self._line is not None:
            self._step()
        self._again.set()

    def _step(self) -> None:
        level, seconds = next(self._frames)
        now = asyncio.get_running_loop().time()
        start = now if self._next is None or self._next < now - LATE else self._next
        self._next = None if seconds is None else start + seconds
        try:
            if self._line is not None:
                self._line.light((level * self._config.brightness) ** GAMMA, self._color)
        except PanelError as error:
            self._line, self._failure = None, error
            self._again.set()


def _light(color: str) -> Color:
    red, green, blue = ((int(color[place : place + 2], 16) / 255) ** GAMMA for place in (1, 3, 5))
    return red, green, blue
