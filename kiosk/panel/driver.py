"""What the panel needs of its hardware: the same few calls over real GPIO lines and over simulated ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from kiosk.config.model import ButtonConfig, LedConfig

Color = tuple[float, float, float]
"""Red, green and blue, each a linear share of full light from 0 to 1."""


class ButtonLine(Protocol):
    """A claimed input."""

    def pressed(self) -> bool:
        """The contact's state at this moment, not debounced; PanelError when the line is gone."""
        ...

    def close(self) -> None:
        """Gives the line back; no edge is told afterwards."""
        ...


class LedLine(Protocol):
    """One or three claimed outputs."""

    def light(self, level: float, color: Color) -> None:
        """Sets the light: `level` is the linear share of full light; a LED of one colour does without `color`. PanelError when it fails."""
        ...

    def close(self) -> None:
        """Puts the LED out and gives the lines back."""
        ...


class Driver(Protocol):
    """The lines of one device."""

    def open_button(self, config: ButtonConfig, on_edge: Callable[[bool], None]) -> ButtonLine:
        """Claims the button's line; `on_edge(pressed)` is called for every raw edge, from any thread. PanelError when it cannot be had."""
        ...

    def open_led(self, config: LedConfig) -> LedLine:
        """Claims the LED's lines, dark at first. PanelError when they cannot be had."""
        ...

    def close(self) -> None:
        """Gives everything back; lines can be opened again afterwards."""
        ...
