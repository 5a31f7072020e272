"""The panel: a button and a status LED, each going on where the other fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

from kiosk.backoff import Backoff
from kiosk.config.model import ButtonConfig, LedConfig
from kiosk.errors import PanelError
from kiosk.panel.button import Button
from kiosk.panel.driver import Driver
from kiosk.panel.led import Led
from kiosk.signals import Indication

Part = Literal["button", "led"]
Claimed = Callable[[], None]


class Panel:
    """Debounced presses in, indications out; everything on the event loop's thread.

    Set the callbacks before `run`. on_fault(part, error): the part cannot be had, or failed, told once; (part, None): it is there again.
    """

    def __init__(self, button: ButtonConfig, led: LedConfig, driver: Driver) -> None:
        self._button_config = button
        self._led_config = led
        self._driver = driver
        self._led = Led(led)
        self._button: Button | None = None
        self._failing: set[Part] = set()
        self._ours = asyncio.Event()
        self._ours.set()
        self._paused = asyncio.Event()
        self._free = asyncio.Event()
        self._free.set()
        self.on_press: Callable[[], None] = lambda: None
        self.on_release: Callable[[], None] = lambda: None
        self.on_fault: Callable[[Part, PanelError | None], None] = lambda _part, _error: None

    @property
    def held(self) -> bool:
        """The button is pressed now, since whenever; False without one."""
        return self._button is not None and self._button.pressed

    async def run(self) -> None:
        """Claims the lines and plays the LED until cancelled; then, and while paused, the LED is dark and the lines are free."""
        while True:
            await self._ours.wait()
            self._free.clear()
            try:
                await self._use()
            finally:
                self._driver.close()
                self._free.set()

    async def pause(self) -> None:
        """Give the lines free and leave them alone until resume(); returns once they are free."""
        self._ours.clear()
        self._paused.set()
        await self._free.wait()

    def resume(self) -> None:
        """Let run() claim them again. A button that is held then counts from its next press."""
        self._paused.clear()
        self._ours.set()

    async def _use(self) -> None:
        """Returns when paused."""
        async with asyncio.TaskGroup() as group:
            parts: list[asyncio.Task[None]] = []
            if self._button_config.pin is not None:
                parts.append(group.create_task(self._keep("button", self._use_button)))
            if self._led_config.pin is not None or self._led_config.rgb is not None:
                parts.append(group.create_task(self._keep("led", self._use_led)))
            await self._paused.wait()
            for part in parts:
                part.cancel()

    def show(self, indication: Indication) -> None:
        """The first step of the indication's pattern is on the LED before this returns; never raises."""
        self._led.show(indication)

    def reconfigure(self, button: ButtonConfig, led: LedConfig) -> None:
        """Go on with this bounce, these patterns and this brightness; the lines stay those of the start."""
        self._button_config, self._led_config = button, led
        self._led.reconfigure(led)
        if self._button is not None:
            self._button.settle_after(button.debounce)

    async def _keep(self, part: Part, use: Callable[[Claimed], Awaitable[None]]) -> None:
        # A line can be taken, or its device file late, for a while only: nobody is there to restart the daemon.
        backoff = Backoff(base=1.0, cap=30.0)

        def claimed() -> None:
            if part in self._failing:
                self._failing.discard(part)
                self.on_fault(part, None)

        while True:
            try:
                await use(claimed)
            except PanelError as error:
                if part not in self._failing:
                    self._failing.add(part)
                    self.on_fault(part, error)
            await asyncio.sleep(backoff.next())

    async def _use_button(self, claimed: Claimed) -> None:
        button = self._button = Button(self._button_config, self._driver, self._changed)
        try:
            claimed()
            await button.failed
        finally:
            self._button = None
            button.close()

    async def _use_led(self, claimed: Claimed) -> None:
        line = self._driver.open_led(self._led_config)
        try:
            self._led.attach(line)
            claimed()
            await self._led.run()
        finally:
            self._led.attach(None)
            line.close()

    def _changed(self, pressed: bool) -> None:
        if pressed:
            self.on_press()
        else:
            self.on_release()
