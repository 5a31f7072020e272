"""The machine's devices in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kiosk.audio.card import Listing, listing
from kiosk.audio.kernel import look
from kiosk.audio.names import Device, configured
from kiosk.cli.picture import printable
from kiosk.config.model import ButtonConfig, LedConfig
from kiosk.control.client import RefusedError, ask
from kiosk.control.record import DeviceRecord, Status
from kiosk.errors import NoAnswerError, PanelError, SoundError


def in_daemon(socket: Path) -> dict[str, DeviceRecord]:
    """The sound devices that the daemon has open, by direction; nothing where none can be asked."""
    try:
        sound = Status.model_validate(ask(socket, "GET", "/status")).sound
    except (NoAnswerError, RefusedError):
        return {}
    return {name: device for name, device in (("microphone", sound.microphone), ("speaker", sound.speaker)) if device}


def sound(direction: str, wanted: str, channel: int | None, held: DeviceRecord | None) -> tuple[Iterator[str], bool]:
    """The lines of one direction, and whether what is wanted can be had."""
    try:
        found = listing(direction, wanted, channel)
    except SoundError as error:
        return iter([f"{direction}s: {error} ({error.hint})"]), False
    return _sound(direction, wanted, found, held), found.chosen is not None or held is not None


def _sound(direction: str, wanted: str, found: Listing, held: DeviceRecord | None) -> Iterator[str]:
    yield f"{direction}s (audio.{direction}.device: {wanted})"
    numbers = look().cards
    chosen = held.name if held else found.chosen.name if found.chosen else None
    for device in found.devices:
        mark = "→" if device.name == chosen else " "
        default = ", the default" if device.index == found.default else ""
        yield printable(
            f"  {mark} {configured(device, numbers):<32} {device.rate} Hz × {device.channels}{default}  {_library(device, numbers)}"
        )
    if held and all(device.name != held.name for device in found.devices):
        yield printable(f"  → {held.name}")
    if not found.devices and not held:
        yield "    none"
    yield printable(f"  {_why(direction, wanted, found, held)}")


def _library(device: Device, numbers: str) -> str:
    """The library's own name, where it is another."""
    return "" if configured(device, numbers) == device.name else f"({device.name})"


def _why(direction: str, wanted: str, found: Listing, held: DeviceRecord | None) -> str:
    if held:
        return f"the daemon has {held.name} open: {held.rate} Hz × {held.channels}"
    if found.chosen is None:
        return f"none is chosen: {found.why_not}"
    how = {"default": "it is the default"}.get(
        wanted, f"its name has {wanted!r} in it" if wanted in found.chosen.name else f"{wanted} is its card"
    )
    return f"{found.chosen.name} is chosen: {how}; it is opened with {found.chosen.rate} Hz × {found.chosen.channels}"


def gpio(button: ButtonConfig, led: LedConfig) -> Iterator[str]:
    """The GPIO chips, the lines of theirs that are in use, and what becomes of the configured ones."""
    yield "GPIO"
    try:
        from kiosk.panel.chips import header_chip, labels, used_lines
    except (ImportError, OSError) as error:
        yield f"    lgpio cannot be used: {error}"
        return
    try:
        chips = labels()
        for number, label in sorted(chips.items()):
            used = ", ".join(f"{line.number} ({line.user})" for line in used_lines(number))
            yield printable(f"    gpiochip{number} {label}: lines in use: {used or 'none'}")
        chosen = header_chip(chips) if button.chip is None else button.chip
        taken = dict(used_lines(chosen))
    except PanelError as error:
        yield f"    {error} ({error.hint})"
        return
    yield f"  → gpiochip{chosen}: {'its label is that of the header' if button.chip is None else 'button.chip names it'}"
    for name, lines in (("button", (button.pin,)), ("led", led.rgb or (led.pin,))):
        for line in lines:
            if line is not None:
                yield printable(f"    {name} GPIO{line}: {f'in use by {taken[line]}' if line in taken else 'free'}")
