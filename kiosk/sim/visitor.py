"""The demo's visitor: what his hands and his voice do to the kiosk."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from kiosk.app import Device
from kiosk.audio.frames import Block
from kiosk.dispatcher import AGENT_LIMIT
from kiosk.machine.events import Event, On
from kiosk.machine.states import State
from kiosk.sim.observer import Observer
from kiosk.sim.stage import Stage
from kiosk.sim.trace import onset

TAP_S: Final = 0.1
"""How long a visitor holds a button that is only to be pressed."""
LIVE_LIMIT: Final = AGENT_LIMIT + 2.0
"""Seconds that he waits for the kiosk: longer than it waits for an agent, so that it says itself what is wrong."""

Tell = Callable[[str], None]
"""Gets a line for each thing that happens."""


class Broken(Exception):
    """The visit cannot go on; says why."""


class Visitor:
    """Hands and voice; without a voice where the microphone is real."""

    def __init__(self, device: Device, stage: Stage, observer: Observer) -> None:
        self.mode = device.config.talk.mode
        self._device = device
        self._panel = stage.panel
        self._card = stage.simulated
        self._observer = observer

    async def begin(self, sentence: Block | None) -> float:
        """Begins a call, speaking from the very moment on (where there is a sentence); returns that moment."""
        now = time.monotonic()
        if sentence is not None:
            self.say(sentence, now)
        if self.mode == "vad" and sentence is not None:
            self._observer.pressed(now + onset(sentence))
            return now
        self._observer.pressed(now)
        await self.press()
        return now

    async def press(self) -> None:
        """In `hold` the button stays down until `done`, else it is a tap."""
        self._panel.press()
        if self.mode != "hold":
            await asyncio.sleep(TAP_S)
            self._panel.release()

    def say(self, sentence: Block, at: float | None = None) -> float:
        """Speaks into the microphone; returns the moment of the first sample."""
        now = time.monotonic() if at is None else at
        return now if self._card is None else self._card.microphone.say(sentence, now)

    def done(self) -> None:
        """Has said it all."""
        self._panel.release()

    async def hang_up(self) -> None:
        """Ends the call."""
        self.done()
        if self.mode == "hold":
            self._device.dispatcher.post(Event(On.HANG_UP))
        else:
            await self.press()
        await self._observer.until(lambda: self._observer.state is State.IDLE, 1.0)

    async def live(self, otherwise: str, limit: float = LIVE_LIMIT) -> None:
        """Waits until the agent hears him; Broken, with the fault that the kiosk knows of, when it does not come to that."""
        dispatcher = self._device.dispatcher
        if not await self._observer.until(lambda: dispatcher.kiosk.state is State.LIVE and dispatcher.kiosk.audible, limit):
            fault = self._device.health.last
            raise Broken(f"{otherwise}{f': {fault.words}' if fault else ''}")
