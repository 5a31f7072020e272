"""The demo in a terminal: the keyboard is the visitor's hands, the screen shows the kiosk."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Callable
from typing import Final

from rich.console import Console
from rich.live import Live

from kiosk.app import Device
from kiosk.audio.frames import Block
from kiosk.machine.events import Event, On
from kiosk.machine.states import State
from kiosk.nursery import Nursery
from kiosk.room.shutdown import end_process
from kiosk.signals import Mode
from kiosk.sim.keyboard import END, HeldKey, keyboard
from kiosk.sim.observer import Observer
from kiosk.sim.screen import Screen
from kiosk.sim.script import OUTAGE_S
from kiosk.sim.stage import Setting, Stage, stage
from kiosk.sim.theatre import beside
from kiosk.sim.visitor import Visitor
from kiosk.sim.wav import spoken
from kiosk.sim.world import World
from kiosk.system.redact import RedactingFilter

FRAME_S: Final = 0.12
"""Seconds between two pictures."""
STATISTICS_S: Final = 1.0
NEXT_MODE: Final[dict[Mode, Mode]] = {"hold": "toggle", "toggle": "vad", "vad": "hold"}


class Hands:
    """What each key does to the kiosk; `mode` is the one to go on with, None after `q`."""

    def __init__(self, stage: Stage, device: Device, observer: Observer) -> None:
        self.mode: Mode | None = None
        self._stage = stage
        self._device = device
        self._observer = observer
        self._visitor = Visitor(device, stage, observer)
        self._nursery = Nursery()
        self._button = HeldKey(self._press, self._release)
        self._cut = False
        self._keys: dict[str, Callable[[], None]] = {
            "h": self._hang_up,
            "m": lambda: self._leave(NEXT_MODE[device.config.talk.mode]),
            "q": lambda: self._leave(None),
            END: lambda: self._leave(None),
            "n": self._cut_network,
        }
        if self._visitor.mode == "hold":
            self._keys |= {" ": self._button.hit, "\r": self._button.hold, "\n": self._button.hold}
        else:
            self._keys |= {" ": self._press, "s": self._say}

    def key(self, key: str) -> None:
        """A key was pressed; unknown ones do nothing."""
        if action := self._keys.get(key):
            action()

    async def close(self) -> None:
        """Lets go of everything."""
        self._button.release()
        await self._nursery.close()

    def _press(self) -> None:
        if self._observer.state is not State.IDLE:
            self._nursery.spawn(self._visitor.press(), "press")
            if self._visitor.mode == "hold":
                self._speak()
        elif self._visitor.mode == "vad":
            self._begin(None)
        else:
            self._begin(spoken("visitor"))

    def _release(self) -> None:
        self._visitor.done()
        self._hush()

    def _say(self) -> None:
        if self._visitor.mode == "vad" and self._observer.state is State.IDLE:
            self._begin(spoken("visitor"))
        else:
            self._speak()

    def _begin(self, sentence: Block | None) -> None:
        async def begin() -> None:
            await self._visitor.begin(sentence)

        self._nursery.spawn(begin(), "begin")

    def _speak(self) -> None:
        self._hush()
        self._visitor.say(spoken("visitor"))

    def _hush(self) -> None:
        if self._stage.simulated is not None:
            self._stage.simulated.microphone.hush()

    def _hang_up(self) -> None:
        self._hush()
        self._device.dispatcher.post(Event(On.HANG_UP))

    def _leave(self, mode: Mode | None) -> None:
        self.mode = mode
        self._device.dispatcher.post(Event(On.STOP))

    def _cut_network(self) -> None:
        if self._stage.world is not None and not self._cut:
            self._cut = True
            self._nursery.spawn(self._outage(self._stage.world), "outage")

    async def _outage(self, world: World) -> None:
        self._observer.tell(f"you cut the network for {OUTAGE_S:g} s")
        try:
            await world.cut(OUTAGE_S)
        finally:
            self._cut = False
        self._observer.tell("the network is there again")


class _Happenings(logging.Handler):
    """Warnings go onto the screen, not through it."""

    def __init__(self, observer: Observer) -> None:
        super().__init__(logging.WARNING)
        self.addFilter(RedactingFilter())
        self._observer = observer

    def emit(self, record: logging.LogRecord) -> None:
        self._observer.tell(record.getMessage())


async def played(setting: Setting) -> int:
    """The screen until `q` or a signal; the exit code. Needs a terminal on stdin and stdout; it is set back whatever happens."""
    console = Console()
    async with stage(setting) as place:
        mode: Mode | None = setting.mode
        while mode is not None:
            mode = await _one(place, mode, console)
    return 0


async def _one(place: Stage, mode: Mode, console: Console) -> Mode | None:
    """One device's life; the mode of the next, if there is to be one."""
    restore: list[Callable[[], None]] = []

    def quit_now() -> None:
        for each in restore:
            each()
        end_process(1)

    device = place.device(mode, quit_now)
    observer = Observer(device, place.panel)
    screen = Screen(device, observer, loopback=place.world is not None, simulated=place.simulated is not None)
    hands = Hands(place, device, observer)
    live = Live(console=console, screen=True, auto_refresh=False, get_renderable=lambda: screen.draw(*console.size))
    warnings = _Happenings(observer)
    logging.getLogger().addHandler(warnings)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, device.dispatcher.post, Event(On.STOP))
    try:
        with keyboard(sys.stdin.fileno(), hands.key) as set_back, live:
            restore += [live.stop, set_back]
            await beside(device, _draw(live, device, screen))
            await hands.close()
    finally:
        logging.getLogger().removeHandler(warnings)
    return hands.mode


async def _draw(live: Live, device: Device, screen: Screen) -> None:
    """Pictures until cancelled, drawn in a thread since a slow terminal would hold everything up."""
    due = 0.0
    while True:
        now = asyncio.get_running_loop().time()
        if now >= due:
            due = now + STATISTICS_S
            screen.statistics = await device.calls.statistics()
        with contextlib.suppress(OSError):
            await asyncio.to_thread(live.refresh)
        await asyncio.sleep(FRAME_S)
