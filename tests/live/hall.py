"""A kiosk in a hall: the real daemon's rooms on a real media server, real ALSA PCMs and a session API, its button in our hand."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
import yaml

from kiosk.app import Device, Edges
from kiosk.audio.card import PortAudioCard
from kiosk.audio.frames import RATE, Block
from kiosk.boot import Boot, boot
from kiosk.chronicle import Happening
from kiosk.config.model import Config
from kiosk.config.secrets import Secret
from kiosk.edges import call_maker, canceller
from kiosk.machine.events import Event, On
from kiosk.machine.states import State
from kiosk.panel.panel import Panel
from kiosk.session.tokens import Tokens
from kiosk.sim.api import SessionApi
from kiosk.sim.panel import SimPanel
from kiosk.sim.wav import spoken
from kiosk.system.files import write_atomically
from kiosk.system.notify import Notifier
from tests.parts.align import Alignment, align
from tests.parts.cable import Ear, Mouth
from tests.parts.child import Ear as Voice
from tests.parts.far_end import FarEnd
from tests.parts.livekit_server import LiveKitServer
from tests.parts.pipewire import MICROPHONE, SPEAKER

KEY = "hall-key"

aligns_sound = pytest.mark.flaky(reruns=5)
"""For tests that align what was heard: busy cores hold packets back now and then, until the far jitter buffer conceals them."""


PLAIN: Mapping[str, Any] = {"echo_cancellation": False, "noise_suppression": False, "gain_control": False}
"""Processing off: its filter bank turns the phases round, so that what it gives is not alike, window by window, to what went in."""


def settings(**changes: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration's text form: as shipped, on the virtual card, with a LED, and these sections' changes."""
    base: dict[str, dict[str, Any]] = {
        "session": {"agent_id": "hall"},
        "audio": {"microphone": {"device": MICROPHONE}, "speaker": {"device": SPEAKER}},
        "led": {"pin": 18},
        "log": {"words": True},
    }
    for section, values in changes.items():
        base[section] = base.get(section, {}) | dict(values)
    return base


class Hall:
    """`async with Hall(server, **settings) as hall`: idle and ready. The agent, if any, comes by `agent()`.

    With `file` the configuration is there, and SIGHUP reloads it; the state folder is the file's own.
    """

    def __init__(self, server: LiveKitServer, room: str | None = None, *, file: Path | None = None, **changes: Mapping[str, Any]) -> None:
        self.server = server
        self.room = room or f"hall-{time.monotonic_ns()}"
        self.panel = SimPanel()
        self.happenings: list[tuple[float, Happening]] = []
        self.lifetimes: list[float] = []
        """Seconds that the next tokens live, until used up; then as the API says."""
        self.api = SessionApi(KEY, lambda: server.url, self._mint)
        self.told: list[str] = []
        """What the service manager was told."""
        self.file = file
        self._changes = changes
        self._stack = AsyncExitStack()
        self._folder = Path(tempfile.mkdtemp(prefix="hall-"))
        self.device: Device
        self.mouth: Mouth
        self.ear: Ear
        self.tap: Ear
        """Hears what the microphone hears: the virtual cable itself drops sound now and then on busy cores."""

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self.api)
        config, started = self._configured()
        self.device = Device(config, self._edges(config), quit_now=lambda: None, boot=started)
        self.device.chronicle.listen(lambda happening: self.happenings.append((time.monotonic(), happening)))
        self.mouth = self._stack.enter_context(Mouth())
        self.ear = self._stack.enter_context(Ear())
        self.tap = self._stack.enter_context(Ear(MICROPHONE))
        running = asyncio.create_task(self.device.run())
        self._stack.push_async_callback(self._stop, running)
        await self.until(State.IDLE)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._stack.aclose()

    async def agent(self, *, echo: bool = False) -> FarEnd:
        """An agent that is in the room before the visitor; it leaves with the hall."""
        token = self.server.token("agent", self.room, kind="agent")
        far = FarEnd(self.server.url, token, self._folder / f"agent-{time.monotonic_ns()}", echo=echo)
        return await self._stack.enter_async_context(far)

    @property
    def state(self) -> State:
        """The machine's state."""
        return self.device.dispatcher.kiosk.state

    async def until(self, wanted: State | Callable[[], bool], limit: float = 15.0) -> float:
        """Wait for the state or condition; the monotonic time when it was seen (5 ms grain)."""
        end = time.monotonic() + limit
        while not (self.state is wanted if isinstance(wanted, State) else wanted()):
            assert time.monotonic() < end, f"still {self.state} after {limit:g} s; {self.kinds()[-8:]}"
            await asyncio.sleep(0.005)
        return time.monotonic()

    async def audible(self, limit: float = 15.0) -> float:
        """Wait until the agent hears us."""
        return await self.until(lambda: self.device.dispatcher.kiosk.audible, limit)

    async def call(self) -> float:
        """Press and wait until the agent hears us; the time from the press in seconds."""
        pressed = time.monotonic()
        self.panel.press()
        return await self.audible() - pressed

    async def delivered(self) -> None:
        """Wait until the agent hears us and everything recorded has gone out and had time to be played."""
        await self.audible()
        await self.until(lambda: self.device.sound.figures().backlog_ms == 0)
        await asyncio.sleep(1.5)

    async def say(self, samples: Block) -> float:
        """Speak into the microphone; the monotonic time of the first block."""
        return await asyncio.to_thread(self.mouth.say, samples)

    def kinds(self) -> list[str]:
        """What happened, in order."""
        return [happening.kind for _, happening in self.happenings]

    def shown(self) -> list[str]:
        """The indications in the order in which they were shown, from the first idle on."""
        all_of_them = [str(happening.detail["indication"]) for _, happening in self.happenings if happening.kind == "state"]
        changes = [each for each, _ in itertools.groupby(all_of_them)]
        return changes[changes.index("idle") :]

    def write(self, **changes: Mapping[str, Any]) -> None:
        """Another configuration in the file: as it began, with these sections' changes."""
        assert self.file is not None
        values = settings(**{**self._changes, "session": self._session()})
        for section, inner in changes.items():
            values[section] = values.get(section, {}) | dict(inner)
        write_atomically(self.file, yaml.safe_dump(values).encode())

    def _configured(self) -> tuple[Config, Boot | None]:
        if self.file is None:
            return Config.model_validate(settings(**{**self._changes, "session": self._session()})), None
        self.write()
        started = boot(self.file, {"VOICE_KIOSK_API_KEY": KEY, "STATE_DIRECTORY": str(self.file.parent)})
        return started.config, started

    def _session(self) -> dict[str, Any]:
        return {"agent_id": "hall", **self._changes.get("session", {}), "url": self._changes.get("session", {}).get("url", self.api.url)}

    def _edges(self, config: Config) -> Edges:
        return Edges(
            card=PortAudioCard(),
            canceller=canceller,
            panel=Panel(config.button, config.led, self.panel),
            tokens=Tokens(config.session, Secret(KEY)),
            call_maker=call_maker,
            notify=Notifier(self.told.append),
        )

    def _mint(self, identity: str, room: str, lifetime: float) -> str:
        """Tokens for the hall's own room, so that its agent can be there first."""
        return self.server.token(identity, self.room, ttl=self.lifetimes.pop(0) if self.lifetimes else lifetime)

    async def _stop(self, running: Awaitable[None]) -> None:
        self.device.dispatcher.post(Event(On.STOP))
        await running


SENTENCE = spoken("visitor")
"""What the visitor says: 48 kHz mono."""


async def heard_whole(hall: Hall, far: Voice, since: float) -> Alignment:
    """What became, at the agent's ears, of the sentence that was spoken into the microphone at `since`."""
    at_microphone = hall.tap.heard(since)[: len(SENTENCE) + RATE // 2]
    recording = await far.heard()
    return await asyncio.to_thread(align, at_microphone, recording.since(since).samples)


def figures(result: Alignment) -> str:
    """The figures of an alignment in one line."""
    return str(result).splitlines()[0]
