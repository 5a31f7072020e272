"""A whole device that runs in the tests' own loop: how it ends, and what it is and has."""

from __future__ import annotations

import asyncio
from types import TracebackType

from kiosk.app import Device
from kiosk.machine.events import Event, On
from kiosk.machine.states import State


class Running:
    """What `Kiosk` and `Paced` have in common; they begin each in their own way."""

    device: Device
    _running: asyncio.Task[None]

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.device.dispatcher.post(Event(On.STOP))
        await self._running

    @property
    def state(self) -> State:
        """The machine's state."""
        return self.device.dispatcher.kiosk.state

    @property
    def standing(self) -> set[str]:
        """The codes of the faults that stand now."""
        return {fault.code for fault in self.device.health.standing().values()}
