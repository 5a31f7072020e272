"""The button on the event loop: raw edges from the driver's thread become debounced presses and releases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kiosk.config.model import ButtonConfig
from kiosk.errors import PanelError
from kiosk.panel.debounce import Debounce
from kiosk.panel.driver import Driver


class Button:
    """One claimed button; `on_change(pressed)` is called on the loop's thread. One held while it is claimed counts from its next press."""

    def __init__(self, config: ButtonConfig, driver: Driver, on_change: Callable[[bool], None]) -> None:
        """Claims the line; PanelError when it cannot be had. Call on the event loop's thread."""
        self._loop = asyncio.get_running_loop()
        self._on_change = on_change
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self.failed: asyncio.Future[None] = self._loop.create_future()
        """Ends with a PanelError when the line is lost; never otherwise."""
        self._line = driver.open_button(config, self._from_any_thread)
        self._debounce = Debounce(config.debounce, pressed=self._line.pressed())

    @property
    def pressed(self) -> bool:
        """The contact, debounced."""
        return self._debounce.pressed

    def settle_after(self, window: float) -> None:
        """Another longest bounce from now on, in seconds."""
        self._debounce.window = window

    def close(self) -> None:
        """Gives the line back; nothing is called afterwards."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._line.close()

    def _from_any_thread(self, pressed: bool) -> None:
        # The time of the edge, not that of its turn: what a press leads to keeps the loop busy while the contact bounces on.
        self._loop.call_soon_threadsafe(self._edge, self._loop.time(), pressed)

    def _edge(self, moment: float, pressed: bool) -> None:
        if not self._closed and self._debounce.edge(moment, pressed):
            self._changed()

    def _changed(self) -> None:
        self._await_quiet()
        self._on_change(self._debounce.pressed)

    def _await_quiet(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._debounce.due is not None:
            self._timer = self._loop.call_at(self._debounce.due, self._quiet)

    def _quiet(self) -> None:
        # Each bounce puts the end off; one timer serves them all.
        if self._debounce.due is not None and self._debounce.due > self._loop.time():
            self._await_quiet()
            return
        try:
            pressed = self._line.pressed()
        except PanelError as error:
            self.failed.set_exception(error)
            return
        if self._debounce.settle(self._loop.time(), pressed):
            self._changed()
