"""The seam to `rtc.Room.on`, whose own annotation is incomplete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Emitter(Protocol):
    """`cast(Emitter, room).on(event, callback)`."""

    def on(self, event: str, callback: Callable[..., None]) -> object:
        """Registers a callback; it is called on the event loop."""
        ...
