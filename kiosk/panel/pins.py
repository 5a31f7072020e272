"""The panel's driver on gpiozero pins: any of its factories, the native one of chips.py on a device."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Final, Literal, Protocol

from gpiozero import PinFixedPull, PinInvalidPin

from kiosk.config.model import ButtonConfig, LedConfig
from kiosk.errors import PanelError
from kiosk.panel.driver import Color

PWM_HZ: Final = 100
"""Above what the eye sees; lgpio's PWM is software, so no more than that."""
LEAST: Final = 0.01
"""The dimmest light: gpiozero gives lgpio whole percents and cuts the rest off, so less would be dark."""
PULLS: Final = {"up": "up", "down": "down", "none": "floating"}
BUSY: Final = ("GPIO busy", "GPIO already in use")
"""lgpio's words (it gives no numbers) for a line that the kernel or another process has."""
Part = Literal["button", "led"]


class Pin(Protocol):
    """What is used of gpiozero.Pin."""

    when_changed: Callable[[float, int], None] | None
    frequency: float | None
    state: float

    def input_with_pull(self, pull: str) -> None: ...
    def output_with_state(self, state: float) -> None: ...
    def close(self) -> None: ...


class Factory(Protocol):
    """What is used of gpiozero.Factory."""

    def pin(self, name: int) -> Pin: ...
    def close(self) -> None: ...


class Pins:
    """A Driver: the factory is opened at the first claim and closed with the panel."""

    def __init__(self, open_factory: Callable[[], Factory]) -> None:
        self._open_factory = open_factory
        self._factory: Factory | None = None
        self._claimed: dict[Part, tuple[int, ...]] = {}

    def open_button(self, config: ButtonConfig, on_edge: Callable[[bool], None]) -> PinButton:
        """See Driver."""
        numbers = () if config.pin is None else (config.pin,)
        pins = self._claim("button", numbers)
        with _named("button", numbers):
            return PinButton(pins[0], config, on_edge)

    def open_led(self, config: LedConfig) -> PinLed:
        """See Driver."""
        numbers = config.rgb or (() if config.pin is None else (config.pin,))
        pins = self._claim("led", numbers)
        with _named("led", numbers):
            return PinLed(pins, active_high=config.active_high, numbers=numbers)

    def close(self) -> None:
        """See Driver."""
        self._claimed.clear()
        if self._factory is not None:
            self._factory.close()
            self._factory = None

    def _claim(self, part: Part, numbers: tuple[int, ...]) -> list[Pin]:
        for other, theirs in self._claimed.items():
            if other != part and (shared := set(theirs) & set(numbers)):
                raise PanelError(f"GPIO{shared.pop()} is the {other}'s already", code=f"{part}-taken", hint="give each a line of its own")
        if self._factory is None:
            self._factory = self._open_factory()
        with _named(part, numbers):
            pins = [self._factory.pin(number) for number in numbers]
        self._claimed[part] = numbers
        return pins


class PinButton:
    """A ButtonLine on one pin."""

    def __init__(self, pin: Pin, config: ButtonConfig, on_edge: Callable[[bool], None]) -> None:
        self._pin = pin
        self._number = config.pin or 0
        self._active = config.active == "high"
        pin.input_with_pull(PULLS[config.pull])
        self._on_edge = on_edge
        # gpiozero keeps a weak reference only, so a closure would be gone at once.
        pin.when_changed = self._told

    def _told(self, _ticks: float, level: int) -> None:
        self._on_edge(bool(level) == self._active)

    def pressed(self) -> bool:
        """See ButtonLine."""
        with _named("button", (self._number,)):
            return bool(self._pin.state) == self._active

    def close(self) -> None:
        """See ButtonLine."""
        with suppress(PanelError), _named("button", (self._number,)):
            self._pin.when_changed = None
            self._pin.close()


class PinLed:
    """A LedLine on one pin, or on three in the order red, green, blue."""

    def __init__(self, pins: list[Pin], *, active_high: bool, numbers: tuple[int, ...]) -> None:
        self._pins = pins
        self._active_high = active_high
        self._numbers = numbers
        for pin in pins:
            pin.output_with_state(self._duty(0.0))
            pin.frequency = PWM_HZ
            pin.state = self._duty(0.0)

    def light(self, level: float, color: Color) -> None:
        """See LedLine."""
        shares = color if len(self._pins) == len(color) else (1.0,)
        if level > 0.0:
            level = max(level, LEAST / max(shares))
        with _named("led", self._numbers):
            for pin, share in zip(self._pins, shares, strict=True):
                pin.state = self._duty(level * share)

    def close(self) -> None:
        """See LedLine."""
        for pin in self._pins:
            with suppress(PanelError), _named("led", self._numbers):
                pin.frequency = None
                pin.close()

    def _duty(self, level: float) -> float:
        return level if self._active_high else 1.0 - level


def native(chip: int | None) -> Pins:
    """The driver of a device's own header, on the given gpiochip or the one found; nothing is opened yet."""

    def open_factory() -> Factory:
        try:
            # Importing lgpio starts its thread and writes a FIFO into the working directory: only where there is a header to open.
            from kiosk.panel.chips import open_header  # noqa: PLC0415
        except (ImportError, OSError) as error:
            hint = "the working directory must be writable, for lgpio keeps its FIFOs there"
            raise PanelError(f"lgpio cannot be used: {error}", code="gpio-missing", hint=hint) from error
        return open_header(chip)

    return Pins(open_factory)


@contextmanager
def _named(part: Part, numbers: tuple[int, ...]) -> Generator[None]:
    lines = ", ".join(f"GPIO{number}" for number in numbers)
    try:
        yield
    except PinInvalidPin as error:
        raise PanelError(
            f"there is no {lines} on this board's header", code=f"{part}-missing", hint="use a GPIO number from 0 to 27"
        ) from error
    except PinFixedPull as error:
        raise PanelError(
            f"{lines}: {error}", code=f"{part}-missing", hint="this line's resistor is on the board: pull up, active low"
        ) from error
    # gpiozero lets its factory's own errors through, and lgpio's derive from Exception alone.
    except Exception as error:
        taken = any(words in str(error) for words in BUSY)
        hint = "another program or a device-tree overlay has it: gpioinfo shows which" if taken else ""
        raise PanelError(f"{lines}: {error}", code=f"{part}-{'taken' if taken else 'missing'}", hint=hint) from error
