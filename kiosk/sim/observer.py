"""What can be seen of one kiosk from outside: its happenings, its words, and how long it took from the press."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from kiosk.app import Device
from kiosk.chronicle import Happening
from kiosk.machine.states import State
from kiosk.panel.driver import Color
from kiosk.sim.panel import SimPanel

LOOK_S: Final = 0.02
"""Longest time between two looks at what is waited for."""
IDENTIFIERS: Final = ("room", "sid")
"""Details that are of no use to whoever watches."""
KEPT: Final = 50
"""Happenings and lines that are remembered."""


class Line(NamedTuple):
    """Something that was said, so far or in all."""

    who: str
    text: str
    final: bool


class Told(NamedTuple):
    """Something that happened, at a monotonic time."""

    at: float
    text: str


class Observer:
    """Watches a device from before it runs. On the event loop; all times are monotonic seconds, all figures milliseconds."""

    def __init__(self, device: Device, panel: SimPanel) -> None:
        self.press_to_led: float | None = None
        self.press_to_live: float | None = None
        self.began = self.since = time.monotonic()
        """When the shown state began."""
        self.happenings: deque[Told] = deque(maxlen=KEPT)
        self.lines: dict[str, Line] = {}
        self.lights: list[tuple[float, Color]] = []
        """Every light of the LED since the last `take_lights`, the present one last."""
        self._device = device
        self._panel = panel
        self._pressed: float | None = None
        self._changed = asyncio.Event()
        device.chronicle.listen(self._listen)
        panel.on_light = self._light

    @property
    def state(self) -> State:
        """The machine's state."""
        return self._device.dispatcher.kiosk.state

    def pressed(self, at: float) -> None:
        """The visitor begins a call at this moment: the figures are counted from it."""
        self._pressed = at
        self.press_to_led = self.press_to_live = None

    async def until(self, true: Callable[[], bool], limit: float) -> bool:
        """Waits until something is true; False when it is not within `limit` seconds."""
        end = time.monotonic() + limit
        while not true():
            if time.monotonic() > end:
                return False
            self._changed.clear()
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._changed.wait()
            except TimeoutError:
                continue
        return True

    def take_lights(self) -> list[tuple[float, Color]]:
        """The LED's (perceived brightness, colour) since the last call, at least the present one."""
        taken, self.lights = self.lights, []
        return taken or [(self._panel.brightness, self._panel.color)]

    def tell(self, text: str) -> None:
        """Adds a happening."""
        self.happenings.append(Told(time.monotonic(), text))

    def _listen(self, happening: Happening) -> None:
        now = time.monotonic()
        kiosk = self._device.dispatcher.kiosk
        if self._pressed is not None and kiosk.state is State.LIVE and kiosk.audible and self.press_to_live is None:
            self.press_to_live = 1000 * (now - self._pressed)
        match happening.kind:
            case "transcript":
                self._words(happening)
            case "state":
                self.since = now
                fault = happening.detail.get("fault")
                self.tell(f"{happening.detail['state']}: the LED shows {happening.detail['indication']}{f', {fault}' if fault else ''}")
            case _:
                details = ", ".join(str(value) for name, value in happening.detail.items() if name not in IDENTIFIERS)
                self.tell(f"{happening.kind}{f': {details}' if details else ''}")
        self._changed.set()

    def _words(self, happening: Happening) -> None:
        detail = happening.detail
        if happening.words:
            self.lines[str(detail["segment"])] = Line(str(detail["who"]), happening.words, bool(detail["final"]))
            while len(self.lines) > KEPT:
                del self.lines[next(iter(self.lines))]

    def _light(self, level: float, color: Color) -> None:
        if self._pressed is not None and self.press_to_led is None and self.state is State.CONNECTING:
            self.press_to_led = 1000 * (time.monotonic() - self._pressed)
        self.lights = [*self.lights[-30:], (self._panel.brightness, color)]
