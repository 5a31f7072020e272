"""What the device shows and sounds: the words that the panel, the sound path, the configuration and the machine share."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

Mode = Literal["hold", "toggle", "vad"]
"""How the visitor speaks: held button, toggled call, or speech itself."""


class Indication(StrEnum):
    """What the LED tells the visitor; each has a rhythm of its own."""

    STARTING = "starting"
    IDLE = "idle"
    ATTENTION = "attention"
    CONNECTING = "connecting"
    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"
    MUTED = "muted"
    RECONNECTING = "reconnecting"
    OFFLINE = "offline"
    FAULT = "fault"
    OFF = "off"


class Earcon(StrEnum):
    """The short tones; each kind of failure that a visitor can meet has one of its own."""

    LISTENING = "listening"
    ENDED = "ended"
    ERROR = "error"
    OFFLINE = "offline"
    BUSY = "busy"
    REFUSED = "refused"
    MICROPHONE = "microphone"
    RECONNECTING = "reconnecting"
