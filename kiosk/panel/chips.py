"""Which gpiochip carries the header's lines, and the native factory on it: lgpio, chosen here and never exchanged for another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import lgpio
from gpiozero import PinUnknownPi
from gpiozero.pins.lgpio import LGPIOFactory

from kiosk.errors import PanelError

HEADERS: Final = ("pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835")
"""Labels of the chips behind the 40-pin header, newest board first: Pi 5 (chip 0 or 4, by kernel), Pi 4, earlier ones."""
DEVICES: Final = Path("/dev")
_IN_USE: Final = 1
"""Bit of lgpio's line flags: somebody has the line."""
ANY_BOARD: Final = 0xC03114
"""Revision code of a Pi 4: the header of 40 pins that all boards since 2014 have, for boards that do not tell theirs."""


class HeaderFactory(LGPIOFactory):
    """gpiozero's lgpio factory, on boards without a Pi's revision code too."""

    def _get_revision(self) -> int:
        try:
            return super()._get_revision()
        except (PinUnknownPi, OSError):
            return ANY_BOARD


def open_header(configured: int | None, devices: Path = DEVICES) -> HeaderFactory:
    """The factory on the configured chip, else on the header's. PanelError: gpio-missing, gpio-denied."""
    chip = header_chip(labels(devices)) if configured is None else configured
    try:
        return HeaderFactory(chip=chip)
    except lgpio.error as error:
        raise refused(devices / f"gpiochip{chip}", str(error)) from error


def header_chip(chips: Mapping[int, str]) -> int:
    """The number of the chip with the best label of HEADERS. PanelError: gpio-missing."""
    for wanted in HEADERS:
        for number, label in sorted(chips.items()):
            if label == wanted:
                return number
    found = ", ".join(f"{number} ({label})" for number, label in sorted(chips.items())) or "none at all"
    raise PanelError(
        f"no gpiochip is a Raspberry Pi's header; there is {found}",
        code="gpio-missing",
        hint="name the right one in button.chip, or set button.pin to null where there is no button",
    )


def labels(devices: Path = DEVICES) -> dict[int, str]:
    """Label of every gpiochip. PanelError (gpio-denied) where none can be opened."""
    chips: dict[int, str] = {}
    denied: PanelError | None = None
    for device in devices.glob("gpiochip*"):
        if match := re.fullmatch(r"gpiochip(\d+)", device.name):
            try:
                chips[int(match[1])] = _label(int(match[1]))
            except lgpio.error as error:
                denied = refused(device, str(error))
    if denied is not None and not chips:
        raise denied
    return chips


class UsedLine(NamedTuple):
    """A line that somebody has: the kernel or a program, by the name that it gave itself."""

    number: int
    user: str


def used_lines(chip: int) -> list[UsedLine]:
    """The lines of this gpiochip that are in use. PanelError where it cannot be opened."""
    try:
        handle = lgpio.gpiochip_open(chip)
    except lgpio.error as error:
        raise refused(DEVICES / f"gpiochip{chip}", str(error)) from error
    try:
        count = lgpio.gpio_get_chip_info(handle)[1]
        # Status, number, flags, name, user; the library's types do not know the function.
        told: list[tuple[int, int, int, str, str]] = [cast(Any, lgpio).gpio_get_line_info(handle, number) for number in range(count)]
        return [UsedLine(number, user or "?") for number, (_, _, flags, _, user) in enumerate(told) if flags & _IN_USE]
    finally:
        lgpio.gpiochip_close(handle)


def refused(device: Path, reason: str) -> PanelError:
    """What it means that this chip could not be opened."""
    if not device.exists():
        return PanelError(f"there is no {device}", code="gpio-missing", hint="name an existing chip in button.chip, or leave it out")
    return PanelError(
        f"{device} cannot be opened: {reason}", code="gpio-denied", hint=f"the user needs the group that owns {device}, usually gpio"
    )


def _label(number: int) -> str:
    handle = lgpio.gpiochip_open(number)
    try:
        return lgpio.gpio_get_chip_info(handle)[3]
    finally:
        lgpio.gpiochip_close(handle)
