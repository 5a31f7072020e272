"""Which of the sound library's devices a configured name means. Pure: the list and what the kernel tells come in as values."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from kiosk.audio.kernel import Cards
from kiosk.errors import SoundError

_CARD: Final = re.compile(r"^\s*(\d+) \[(\S+)\s*\]", re.MULTILINE)
"""A card's number and name in /proc/asound/cards."""
_WHOLE: Final = 8
"""Channels up to which a device is taken at its word; one that claims more is a big interface or a plugin that takes any number."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device in one direction, as the library lists it."""

    index: int
    name: str
    channels: int
    rate: int


def choose(direction: str, wanted: str, devices: list[Device], default: int, kernel: Cards) -> Device:
    """The one device meant by `wanted`: `default` (the library's, index `default`), `hw:CARD=Name[,DEV=n]`, a whole name or part of one.

    Raises SoundError `<direction>-missing` that lists the choices when none or several match, `<direction>-busy` where the list lacks it
    because another program has it.
    """
    if wanted == "default":
        found = [device for device in devices if device.index == default]
    elif wanted.startswith("hw:CARD="):
        found = _by_card(wanted, devices, kernel.cards)
    else:
        lower = wanted.lower()
        found = [device for device in devices if device.name.lower() == lower]
        found = found or [device for device in devices if lower in device.name.lower()]
    if len(found) == 1:
        return found[0]
    if not found and _taken(direction, wanted, kernel):
        raise SoundError(f"{direction} {wanted!r}: another program has it", code=f"{direction}-busy")
    fits = f"{len(found)} devices match" if found else "no such device"
    choices = ", ".join(repr(device.name) for device in (found or devices)) or "none at all"
    raise SoundError(
        f"{direction} {wanted!r}: {fits}; there is: {choices}",
        code=f"{direction}-missing",
        hint=f"set audio.{direction}.device to one of these",
    )


def configured(device: Device, cards: str) -> str:
    """The name that a configuration gives this device so that it is found again: by its card, whose number changes, where it has one."""
    end = re.search(r"\(hw:(\d+),(\d+)\)$", device.name)
    if end is None:
        return device.name
    names = {line[1]: line[2] for line in _CARD.finditer(cards)}
    return f"hw:CARD={names.get(end[1], end[1])}" + (f",DEV={end[2]}" if end[2] != "0" else "")


def narrowed(direction: str, device: Device, channel: int | None) -> Device:
    """The device with the channels that are opened: a speaker's first two, a microphone's all; of more than 8 up to `channel`, or one.

    Raises SoundError `<direction>-missing` where there is no such channel.
    """
    if channel is not None and channel > device.channels:
        raise SoundError(
            f"{direction} {device.name!r} has {device.channels} channels and so no channel {channel}",
            code=f"{direction}-missing",
            hint=f"correct audio.{direction}.channel",
        )
    if device.channels > _WHOLE:
        return replace(device, channels=channel or 1)
    return replace(device, channels=min(device.channels, 2)) if direction == "speaker" else device


def _taken(direction: str, wanted: str, kernel: Cards) -> bool:
    """Whether other programs have a stream of this direction of a card that `wanted` may mean."""
    name = wanted.removeprefix("hw:CARD=").partition(",")[0].partition(":")[0].strip().lower()
    letter = "c" if direction == "microphone" else "p"
    # Two lines a card: number, short and long name; then where it is plugged in.
    blocks = re.findall(r"^ *(\d+) (\[.*(?:\n {8,}.*)?)", kernel.cards, re.MULTILINE)
    meant = {number for number, text in blocks if wanted == "default" or name == number or (name and name in text.lower())}
    return any(re.match(rf"card(\d+)/pcm\d+{letter}/", each) and each[4:].partition("/")[0] in meant for each in kernel.taken)


def _by_card(wanted: str, devices: list[Device], cards: str) -> list[Device]:
    match = re.fullmatch(r"hw:CARD=([^,]+)(?:,DEV=(\d+))?", wanted)
    if match is None:
        return []
    numbers = [line[1] for line in _CARD.finditer(cards) if match[1] in (line[1], line[2])]
    ends = [f"(hw:{number},{match[2] or 0})" for number in numbers]
    return [device for device in devices if any(device.name.endswith(end) for end in ends)]
