"""The whole Device in the made-up world, at a pace of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from typing import Any, Final
from unittest import mock

from kiosk.app import Device, Edges
from kiosk.config.model import Config
from kiosk.machine.events import Event, On
from kiosk.panel.panel import Panel
from kiosk.session.tokens import Tokens
from kiosk.signals import Mode
from kiosk.sim.panel import SimPanel
from tests.fakes import FakeNotify
from tests.truth.card import VirtualCard
from tests.truth.clock import VirtualLoop
from tests.truth.oracle import COLORS, Oracle, shown
from tests.truth.world import World

LOOK: Final = 0.1
"""Virtual seconds between two looks of the oracle."""
BEAT: Final = 0.5
"""Virtual seconds between two beats of the watchdog, which are of no matter here."""


class KioskUnderOath:
    """One kiosk, its visitor and its oracle; every method may be called between two runs of the loop."""

    def __init__(self, mode: Mode = "toggle", *, prefetch: bool = False) -> None:
        self.card = VirtualCard()
        self.world = World()
        self.panel = SimPanel()
        self.notify = FakeNotify()
        self._patches = ExitStack()
        self._patches.enter_context(mock.patch("kiosk.system.watchdog.BEAT", BEAT))
        # It tells by real time which blocks stood in a device's buffer; here none did.
        self._patches.enter_context(mock.patch("kiosk.audio.capture.Lateness.judge", return_value=False))
        self._runner = asyncio.Runner(loop_factory=lambda: VirtualLoop(self.card.gate.settle))
        self.oracle = Oracle(self.world, self.card, self._runner.get_loop().time, toggles=mode == "toggle")
        config = Config.model_validate(
            {
                "session": {"agent_id": "truth", "prefetch": prefetch},
                "talk": {"mode": mode},
                "audio": {"echo_cancellation": False, "noise_suppression": False, "gain_control": False},
                "led": {
                    "rgb": [5, 6, 13],
                    "brightness": 1.0,
                    "patterns": {name.value: {"color": code, "steps": [[1.0, "1s"]]} for name, code in COLORS.items() if name != "off"},
                },
            }
        )
        self.run(self._begin(config))

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """On the loop, under the oracle's eyes."""
        self._runner.run(work)

    def press(self) -> None:
        """Press, and look at what comes of it for a second and a bit."""

        async def act() -> None:
            self.oracle.press()
            self.panel.press()
            await self._pass(0.1)

        self.run(act())

    def release(self) -> None:
        """Let go."""

        async def act() -> None:
            self.panel.release()
            await self._pass(0.1)

        self.run(act())

    def change(self, name: str, value: object, act: Callable[[], None]) -> None:
        """Something becomes another."""

        async def work() -> None:
            self.oracle.note(f"{name}: {value}")
            act()
            await self._pass(LOOK)

        self.run(work())

    def pass_(self, seconds: float) -> None:
        """Time goes by."""
        self.run(self._pass(seconds))

    def close(self) -> None:
        """The end of it all."""

        async def stop() -> None:
            self.card.gate.close()
            self.device.dispatcher.post(Event(On.STOP))
            await self._running

        try:
            self.run(stop())
        finally:
            self._runner.close()
            self._patches.close()

    async def _begin(self, config: Config) -> None:
        edges = Edges(
            card=self.card,
            canceller=lambda _: None,
            panel=Panel(config.button, config.led, self.panel),
            tokens=Tokens(config.session, None, api=self.world),
            call_maker=lambda _: self.world.new_call,
            notify=self.notify,
            server_there=self.world.server_there,
        )
        self.card.start()
        self.device = Device(config, edges, quit_now=lambda: None)
        self._running = asyncio.create_task(self.device.run())
        await asyncio.sleep(LOOK)
        await self._pass(3.0)

    async def _pass(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while loop.time() < end:
            await asyncio.sleep(min(LOOK, end - loop.time()))
            led = shown(self.panel.level, self.panel.color)
            self.oracle.look(led, self.notify.texts[-1])
            self.oracle.compare(await self.device.status.collect())
