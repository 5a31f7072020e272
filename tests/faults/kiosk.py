"""The whole device with nothing foreseen: real rooms, API client and LiveKit, on a card and a panel that remember all they were given."""

from __future__ import annotations

import asyncio
import itertools
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Self

import numpy as np

from kiosk.app import Device, Edges
from kiosk.chronicle import Happening
from kiosk.config.model import Config
from kiosk.config.secrets import Secret
from kiosk.edges import call_maker
from kiosk.health import Area
from kiosk.machine.states import State
from kiosk.panel.driver import Color
from kiosk.panel.led import GAMMA
from kiosk.panel.panel import Panel
from kiosk.panel.patterns import BUILT_IN
from kiosk.session.client import Client
from kiosk.session.tokens import Tokens
from kiosk.signals import Earcon, Indication
from kiosk.sim.panel import SimPanel
from kiosk.sim.soundcard import SimulatedCard
from kiosk.system.notify import Notifier
from tests.faults.running import Running

KEY: Final = "sk_live_not_one_byte_of_it"
_NOBODY = 1
"""A port where nobody answers."""


class Kiosk(Running):
    """`async with Kiosk(url, section={…}) as kiosk`: idle, in `toggle` mode, with an RGB LED. Times are monotonic seconds.

    tls: whom it trusts; plain_port: where a captive portal would answer; session: from the configuration's section, `url` apart.
    """

    def __init__(self, url: str, *, tls: ssl.SSLContext | None = None, plain_port: int = _NOBODY, **changes: Mapping[str, Any]) -> None:
        base: dict[str, dict[str, Any]] = {
            "session": {"agent_id": "a", "url": url, "connect_timeout": "5s"},
            "audio": {"echo_cancellation": False, "noise_suppression": False, "gain_control": False},
            "talk": {"mode": "toggle"},
            "led": {"rgb": [22, 23, 24]},
        }
        self.config = Config.model_validate({name: base.get(name, {}) | dict(changes.get(name, {})) for name in {*base, *changes}})
        self.card = SimulatedCard()
        self.panel = SimPanel()
        self.panel.on_light = self._lit
        self.lights: list[tuple[float, Color]] = []
        self.told: list[str] = []
        """What systemd was told."""
        self.named: list[tuple[float, str, str]] = []
        """(when, code, in its own words) of every report of a fault, repeats too."""
        self.happenings: list[tuple[float, Happening]] = []
        self.played: list[tuple[float, Earcon]] = []
        session, key = self.config.session, Secret(KEY)
        tokens = Tokens(session, key, api=Client(session, key, tls=tls, plain_port=plain_port))
        panel = Panel(self.config.button, self.config.led, self.panel)
        self._edges = Edges(self.card, lambda _: None, panel, tokens, call_maker, Notifier(self.told.append))

    async def __aenter__(self) -> Self:
        self.begun = time.monotonic()
        self.device = Device(self.config, self._edges, quit_now=lambda: None)
        self.device.chronicle.listen(lambda happening: self.happenings.append((time.monotonic(), happening)))
        play, report = self.device.sound.play, self.device.health.report

        def sound(earcon: Earcon) -> None:
            self.played.append((time.monotonic(), earcon))
            play(earcon)

        def note(area: Area, code: str, detail: str = "") -> None:
            self.named.append((time.monotonic(), code, detail))
            report(area, code, detail)

        self.device.sound.play = sound
        self.device.health.report = note
        self._running = asyncio.create_task(self.device.run())
        await self.until(lambda: self.state is not State.STARTING)
        return self

    async def press(self) -> float:
        """A short press; when it was."""
        pressed = time.monotonic()
        self.panel.press()
        await asyncio.sleep(0.1)
        self.panel.release()
        # The debounced button takes the next press only after this.
        await asyncio.sleep(0.1)
        return pressed

    async def call(self) -> float:
        """Press and wait until an agent hears; when the room was joined."""
        since = await self.press()
        await self.until(lambda: self.device.dispatcher.kiosk.audible)
        return next(at for at, each in self.happenings if each.kind == "connected" and at >= since)

    async def until(self, wanted: State | Callable[[], bool], limit: float = 15.0) -> float:
        """Wait for the state or condition; when it was seen (5 ms grain)."""
        end = time.monotonic() + limit
        while not (self.state is wanted if isinstance(wanted, State) else wanted()):
            assert time.monotonic() < end, f"still {self.state}, {self.standing} after {limit:g} s; {self.kinds()[-8:]}"
            await asyncio.sleep(0.005)
        return time.monotonic()

    async def until_named(self, code: str, since: float, limit: float = 15.0) -> float:
        """Wait until this fault is reported at `since` or later; when it was."""
        await self.until(lambda: any(at >= since and named == code for at, named, _ in self.named), limit)
        return next(at for at, named, _ in self.named if at >= since and named == code)

    async def until_lit(self, indication: Indication, since: float, limit: float = 15.0) -> float:
        """Wait until the LED shows this indication's colour at `since` or later; when it did first."""
        color = _color(indication)
        await self.until(lambda: any(at >= since and each == color for at, each in self.lights), limit)
        return next(at for at, each in self.lights if at >= since and each == color)

    async def until_heard(self, earcon: Earcon, since: float, limit: float = 3.0) -> float:
        """Wait until the sound path was told to play this tone at `since` or later, and the speaker sounds; when it was told.

        Not by what the tone is like at the speaker: on busy cores the simulated one has gaps.
        """
        await self.until(lambda: any(at >= since and each is earcon for at, each in self.played), limit)
        told = next(at for at, each in self.played if at >= since and each is earcon)
        await self.until(lambda: bool(np.any(self.card.speaker.heard(told, time.monotonic()))), 3.0)
        return told

    def tones(self, since: float) -> set[Earcon]:
        """Every tone that was played since then."""
        return {earcon for at, earcon in self.played if at >= since}

    def kinds(self) -> list[str]:
        """What happened, in order."""
        return [happening.kind for _, happening in self.happenings]

    def shown(self) -> list[str]:
        """The indications in order, without repeats."""
        told = (str(each.detail["indication"]) for _, each in self.happenings if each.kind == "state")
        return [indication for indication, _ in itertools.groupby(told)]

    def _lit(self, level: float, color: Color) -> None:
        if level > 0:
            self.lights.append((time.monotonic(), color))


def _color(indication: Indication) -> Color:
    """The linear light of an indication's built-in colour."""
    red, green, blue = (int(BUILT_IN[indication].color[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red**GAMMA, green**GAMMA, blue**GAMMA
