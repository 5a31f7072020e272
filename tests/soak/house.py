"""A kiosk that is visited again and again, and what the process holds between two visits."""

from __future__ import annotations

import asyncio
import os
import statistics
from collections.abc import Callable
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np

from kiosk.app import Device, Edges
from kiosk.audio.frames import RATE
from kiosk.config.model import Config
from kiosk.config.secrets import Secret
from kiosk.edges import call_maker, canceller
from kiosk.machine.events import Event, On
from kiosk.machine.states import Kiosk, State
from kiosk.panel.panel import Panel
from kiosk.room import native
from kiosk.room.bounded import REAPER
from kiosk.session.tokens import Tokens
from kiosk.sim.panel import SimPanel
from kiosk.sim.soundcard import SimulatedCard
from kiosk.system.memory import tidy
from kiosk.system.notify import Notifier

STEP: Final = 15.0
"""Seconds that any step of a visit may take."""
PAGE: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the process holds at one moment."""

    megabytes: float
    """Resident memory."""
    threads: int
    descriptors: int
    tasks: int
    subscribers: int
    """Queues that listen to the native library."""

    @classmethod
    def now(cls) -> Self:
        """Of this process and this event loop."""
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 1e6
        count = len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))
        return cls(resident, *count, len(asyncio.all_tasks()), native.subscribers())

    @classmethod
    def median(cls, several: list[Self]) -> Self:
        """Of each figure by itself: one visit's late thread or a collection that is due tells nothing."""
        return cls(*(statistics.median(column) for column in zip(*(astuple(each) for each in several), strict=True)))

    def growth(self, earlier: Self) -> dict[str, float]:
        """How much more than `earlier`, as a share; of what was not there at all, how much there is."""
        pairs = zip(fields(self), astuple(self), astuple(earlier), strict=True)
        return {field.name: now / before - 1.0 if before else now for field, now, before in pairs}


class House:
    """`async with House(api_url, key) as house`: idle and ready, on a simulated sound card and panel."""

    def __init__(self, api_url: str, key: str) -> None:
        settings: dict[str, Any] = {
            "session": {"url": api_url, "agent_id": "soak"},
            "talk": {"mode": "toggle"},
            "audio": {"latency": "40ms"},
            "led": {"pin": 18},
        }
        config = Config.model_validate(settings)
        # A thousand visitors in a quarter of an hour are more than a configuration may allow.
        self.config = config.model_copy(update={"session": config.session.model_copy(update={"requests_per_minute": 100_000})})
        self.panel = SimPanel()
        self.card = SimulatedCard()
        # What the speaker remembers is the test's, and must not look like a leak of the first minute.
        self.card.speaker.keep(0, np.ones(60 * RATE, dtype=np.int16))
        edges = Edges(
            card=self.card,
            canceller=canceller,
            panel=Panel(self.config.button, self.config.led, self.panel),
            tokens=Tokens(self.config.session, Secret(key)),
            call_maker=call_maker,
            notify=Notifier(),
            tidy=tidy,
        )
        self.device = Device(self.config, edges, quit_now=lambda: None)
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self.device.run())
        await self._until(lambda kiosk: kiosk.state is State.IDLE)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._running is not None
        self.device.dispatcher.post(Event(On.STOP))
        await self._running

    async def visit(self) -> None:
        """Press, be heard by the agent, press again, until nothing is left of the call."""
        await self._press()
        await self._until(lambda kiosk: kiosk.audible)
        await self._press()
        await self._until(lambda kiosk: kiosk.state is State.IDLE)
        await self.device.calls.emptied()
        async with asyncio.timeout(STEP):
            while REAPER.given_up or not self.device.nursery.idle:  # noqa: ASYNC110  nobody tells of either
                await asyncio.sleep(0.005)

    async def _press(self) -> None:
        self.panel.press()
        await asyncio.sleep(2 * self.config.button.debounce)
        self.panel.release()
        await asyncio.sleep(2 * self.config.button.debounce)

    async def _until(self, wanted: Callable[[Kiosk], bool]) -> None:
        async with asyncio.timeout(STEP):
            while not wanted(self.device.dispatcher.kiosk):  # noqa: ASYNC110  as a visitor looks
                await asyncio.sleep(0.005)
