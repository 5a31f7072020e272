"""The kiosk in a process of its own, as shipped but for its button and LED: `python -m tests.bench.kiosk_main CONFIGURATION`.

CONFIGURATION is JSON, checked as the file's would be. Commands: press, release, threads (names by native id). Events: joined (it is up),
pressed, light (its first after a press), told (kind: what the daemon wrote down).
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading

from kiosk.app import Device, Edges
from kiosk.audio.card import PortAudioCard
from kiosk.chronicle import Happening
from kiosk.config.model import Config
from kiosk.config.secrets import Secret
from kiosk.edges import call_maker, canceller
from kiosk.machine.events import Event, On
from kiosk.machine.states import State
from kiosk.panel.driver import Color
from kiosk.panel.panel import Panel
from kiosk.session.tokens import Tokens
from kiosk.sim.panel import SimPanel
from kiosk.system.notify import Notifier
from tests.bench.stage import KEY
from tests.parts.lines import emit, serve


class Button:
    """The button in the bench's hand, and the eye on the LED."""

    def __init__(self) -> None:
        self.panel = SimPanel()
        self.panel.on_light = self._lit
        self._looking = False

    async def press(self) -> None:
        self._looking = True
        emit("pressed")
        self.panel.press()

    async def release(self) -> None:
        self.panel.release()

    def _lit(self, _level: float, _color: Color) -> None:
        if self._looking:
            self._looking = False
            emit("light")


async def threads() -> dict[str, object]:
    """What Python's own threads are called."""
    return {"names": {str(thread.native_id): thread.name for thread in threading.enumerate()}}


async def main(config: Config) -> None:
    button = Button()
    edges = Edges(
        card=PortAudioCard(),
        canceller=canceller,
        panel=Panel(config.button, config.led, button.panel),
        tokens=Tokens(config.session, Secret(KEY)),
        call_maker=call_maker,
        notify=Notifier(),
    )
    device = Device(config, edges, quit_now=lambda: None)
    idle = asyncio.Event()

    def told(happening: Happening) -> None:
        emit("told", kind=happening.kind)
        if device.dispatcher.kiosk.state is State.IDLE:
            idle.set()

    device.chronicle.listen(told)
    running = asyncio.create_task(device.run())
    await idle.wait()
    emit("joined")
    await serve({"press": button.press, "release": button.release, "threads": threads})
    device.dispatcher.post(Event(On.STOP))
    await running
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(Config.model_validate(json.loads(sys.argv[1]))))
