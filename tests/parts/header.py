"""Pins without a board: gpiozero's own mock ones, as far as they are used, and a header that a test can spoil."""

from __future__ import annotations

import time
from typing import Final, Protocol, cast

import gpiozero.pins.mock

from kiosk.panel.pins import Factory, Pin

BUTTON: Final = 17
LED: Final = 18


class MockPin(Pin, Protocol):
    """What gpiozero's mock pin has besides a pin."""

    pull: str
    function: str

    def drive_high(self) -> None: ...
    def drive_low(self) -> None: ...


class MockFactory(Factory, Protocol):
    """Its factory."""

    def pin(self, name: int) -> MockPin: ...
    def reset(self) -> None: ...


def mock_factory() -> MockFactory:
    """A fresh one, of pins with PWM."""
    return cast(MockFactory, gpiozero.pins.mock.MockFactory(pin_class=gpiozero.pins.mock.MockPWMPin))


class Header:
    """The 40-pin header: mock pins of which some are another program's, as lgpio says it; it is the Factory of itself."""

    def __init__(self) -> None:
        self.taken: set[int] = set()
        self._pins = mock_factory()

    def pin(self, name: int) -> MockPin:
        if name in self.taken:
            raise Exception("'GPIO busy'")
        return self._pins.pin(name)

    def close(self) -> None:
        self._pins.reset()

    def press(self) -> None:
        self.pin(BUTTON).drive_low()

    def release(self) -> None:
        self.pin(BUTTON).drive_high()

    def bounce(self, times: int, seconds: float, *, pressed: bool) -> float:
        """Let the contact bounce before it rests; the monotonic time of the first edge. Takes that long: not on the event loop."""
        began = time.monotonic()
        for edge in range(2 * times + 1):
            while time.monotonic() < began + edge * seconds / (2 * times):
                pass
            (self.press if (edge % 2 == 0) == pressed else self.release)()
        return began
