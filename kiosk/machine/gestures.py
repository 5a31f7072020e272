"""What a press, a release and speech mean in each mode."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from kiosk.machine.events import On
from kiosk.signals import Mode


class Gesture(StrEnum):
    """What the visitor does."""

    PRESS = "press"
    RELEASE = "release"
    SPEECH = "speech"


MEANING: Final[dict[tuple[Mode, Gesture], On | None]] = {
    ("hold", Gesture.PRESS): On.TALK,
    ("hold", Gesture.RELEASE): On.HUSH,
    ("hold", Gesture.SPEECH): On.HEARD,
    ("toggle", Gesture.PRESS): On.TOGGLE,
    ("toggle", Gesture.RELEASE): None,
    ("toggle", Gesture.SPEECH): On.HEARD,
    ("vad", Gesture.PRESS): On.TOGGLE,
    ("vad", Gesture.RELEASE): None,
    ("vad", Gesture.SPEECH): On.WAKE,
}
"""The event of each (mode, gesture), or None where it means nothing."""
