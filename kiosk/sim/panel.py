"""A button and a LED without hardware: the same Driver as the real one, pressed and watched by a program."""

from __future__ import annotations

from collections.abc import Callable

from kiosk.config.model import ButtonConfig, LedConfig
from kiosk.errors import PanelError
from kiosk.panel.driver import Color
from kiosk.panel.led import GAMMA


class SimButton:
    """A ButtonLine whose contact is a flag of the simulated panel."""

    def __init__(self, panel: SimPanel) -> None:
        self._panel = panel

    def pressed(self) -> bool:
        """See ButtonLine."""
        return self._panel.contact

    def close(self) -> None:
        """See ButtonLine."""
        self._panel.on_edge = None


class SimLed:
    """A LedLine that tells the simulated panel."""

    def __init__(self, panel: SimPanel) -> None:
        self._panel = panel

    def light(self, level: float, color: Color) -> None:
        """See LedLine."""
        if self._panel.led_fault is not None:
            raise self._panel.led_fault
        self._panel.level, self._panel.color = level, color
        self._panel.on_light(level, color)

    def close(self) -> None:
        """See LedLine."""
        self._panel.level = 0.0
        self._panel.on_light(0.0, self._panel.color)


class SimPanel:
    """A Driver; `contact`, `level` (linear light, 0 to 1) and `color` are the hardware's state at this moment.

    on_light(level, color) is called at each change of the LED. button_fault and led_fault: what a claim (and a light) raises.
    """

    def __init__(self) -> None:
        self.contact = False
        self.level = 0.0
        self.color: Color = (0.0, 0.0, 0.0)
        self.on_edge: Callable[[bool], None] | None = None
        self.on_light: Callable[[float, Color], None] = lambda _level, _color: None
        self.button_fault: PanelError | None = None
        self.led_fault: PanelError | None = None

    @property
    def brightness(self) -> float:
        """How bright the LED looks, 0 to 1: what a screen should draw."""
        return self.level ** (1.0 / GAMMA)

    def press(self) -> None:
        """Closes the contact: one edge. Nothing happens when it is closed already."""
        self._move(True)

    def release(self) -> None:
        """Opens the contact."""
        self._move(False)

    def open_button(self, config: ButtonConfig, on_edge: Callable[[bool], None]) -> SimButton:
        """See Driver."""
        if self.button_fault is not None:
            raise self.button_fault
        self.on_edge = on_edge
        return SimButton(self)

    def open_led(self, config: LedConfig) -> SimLed:
        """See Driver."""
        if self.led_fault is not None:
            raise self.led_fault
        return SimLed(self)

    def close(self) -> None:
        """See Driver."""
        self.on_edge = None

    def _move(self, contact: bool) -> None:
        if contact == self.contact:
            return
        self.contact = contact
        if self.on_edge is not None:
            self.on_edge(contact)
