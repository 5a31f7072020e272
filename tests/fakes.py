"""Fakes of the devices that the dispatcher orders about: each writes down what it was told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from kiosk.audio.frames import Block
from kiosk.chronicle import Chronicle
from kiosk.config.model import Config
from kiosk.dispatcher import Dispatcher
from kiosk.health import Health
from kiosk.signals import Earcon, Indication


@dataclass
class FakeSound:
    """A sound path that plays and records nothing."""

    gate: bool = False
    pre_roll: float = 0.0
    connected: bool = False
    unheard: float = 0.0
    recorded: bytes = b""
    played: list[Earcon] = field(default_factory=list[Earcon])
    heard: list[Block] = field(default_factory=list[Block])
    flushed: int = 0
    muted: bool = False

    def open_microphone(self, pre_roll: float = 0.0) -> None:
        self.gate, self.pre_roll = True, pre_roll

    def close_microphone(self) -> None:
        self.gate = False

    def discard(self) -> None:
        self.gate = self.connected = False

    def play(self, earcon: Earcon) -> None:
        self.played.append(earcon)

    def mute(self, muted: bool) -> None:
        self.muted = muted

    def connect(self, sink: Callable[[Block], None]) -> None:
        self.connected = True

    def disconnect(self, unheard: float = 0.0) -> None:
        self.connected, self.unheard = False, unheard

    def take_recorded(self) -> bytes:
        recorded, self.recorded = self.recorded, b""
        return recorded

    def hear(self, block: Block) -> None:
        self.heard.append(block)

    def flush(self) -> None:
        self.flushed += 1


@dataclass
class FakeLine:
    """Calls that never connect by themselves."""

    generations: list[int] = field(default_factory=list[int])
    left: int = 0
    fed: bool = False
    muted: bool | None = None

    def connect(self, generation: int) -> None:
        self.generations.append(generation)

    def leave(self) -> None:
        self.left += 1

    def feed(self) -> None:
        self.fed = True

    def hold(self) -> None:
        self.fed = False

    def mute(self, muted: bool) -> None:
        self.muted = muted


@dataclass
class FakeLight:
    """A LED that remembers all it has shown."""

    shown: list[Indication] = field(default_factory=list[Indication])

    def show(self, indication: Indication) -> None:
        self.shown.append(indication)


@dataclass
class FakeNotify:
    """A service manager that remembers what it was told."""

    is_ready: bool = False
    texts: list[str] = field(default_factory=list[str])
    signs_of_life: int = 0
    reloads: int = 0

    def reloading(self) -> None:
        self.is_ready = False
        self.reloads += 1

    def ready(self) -> None:
        self.is_ready = True

    def stopping(self) -> None:
        self.is_ready = False

    def status(self, text: str) -> None:
        self.texts.append(text)

    def watchdog(self) -> None:
        self.signs_of_life += 1


class Bench:
    """A dispatcher on fakes."""

    def __init__(self, config: Config) -> None:
        self.sound, self.line, self.light, self.notify = FakeSound(), FakeLine(), FakeLight(), FakeNotify()
        self.health = Health()
        self.quits: list[str] = []
        self.dispatcher = Dispatcher(
            config,
            sound=self.sound,
            calls=self.line,
            light=self.light,
            notify=self.notify,
            health=self.health,
            chronicle=Chronicle(words=False),
            quit=lambda: self.quits.append("in order"),
            quit_now=lambda: self.quits.append("at once"),
        )
