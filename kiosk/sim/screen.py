"""The demo's screen: what can be seen and heard of a kiosk, drawn with rich."""

from __future__ import annotations

import time
from typing import Final

from rich.align import Align
from rich.console import Group, RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from kiosk.app import Device
from kiosk.machine.indication import indication
from kiosk.machine.states import Kiosk, State, Talk
from kiosk.panel.driver import Color
from kiosk.panel.led import GAMMA
from kiosk.room.protocol import RoomStatistics
from kiosk.signals import Mode
from kiosk.sim.keyboard import RELEASE_S
from kiosk.sim.observer import Observer

NARROWEST: Final = 80
LOWEST: Final = 24
"""Columns and rows below which nothing sensible can be drawn."""
BAR: Final = 24
"""Cells of a level meter."""
FLOOR_DB: Final = -60.0
LOUD_DB: Final = -12.0
DARK: Final = 38
"""What of each colour a LED that is out still shows, 0 to 255, so that one sees where it is."""
LED_SHAPE: Final = (" ▄██████▄ ", "██████████", "██████████", " ▀██████▀ ")


class Screen:
    """One kiosk's picture; drawing reads and changes nothing but which light was shown last."""

    def __init__(self, device: Device, observer: Observer, *, loopback: bool, simulated: bool) -> None:
        self.statistics: RoomStatistics | None = None
        self._device = device
        self._observer = observer
        self._loopback = loopback
        self._simulated = simulated
        self._shown = 0.0

    def draw(self, width: int, height: int) -> RenderableType:
        """The picture for a terminal of that size."""
        if width < NARROWEST or height < LOWEST:
            words = f"This terminal has {width}x{height} cells; the demo needs {NARROWEST}x{LOWEST}.\nMake it larger, or press q to quit."
            return Align.center(Text(words, justify="center"), vertical="middle", height=height)
        page, upper, lower = Layout(), Layout(size=9), Layout()
        upper.split_row(Layout(self._led(), size=18), Layout(self._state(), ratio=3), Layout(self._figures(), size=26))
        rows = max(1, height - 9 - 5 - 2)
        lower.split_row(Layout(self._transcript(rows)), Layout(self._happenings(rows)))
        page.split_column(upper, lower, Layout(self._help(), size=5))
        return page

    def _led(self) -> RenderableType:
        brightness, color = self._light()
        style = f"rgb({','.join(str(part) for part in _visible(brightness, color))})"
        name = self._indication()
        shape = Text("\n".join(LED_SHAPE), style=style)
        return _box(Group(Align.center(shape), Text(), Text(name, justify="center", style="bold")), "LED")

    def _state(self) -> RenderableType:
        sound, kiosk = self._device.sound.figures(), self._device.dispatcher.kiosk
        fault = self._device.health.worst
        lines = (
            _named("state", f"{kiosk.state} for {time.monotonic() - self._observer.since:.0f} s", "bold"),
            _named("microphone", "on" if kiosk.microphone else "off", "green" if kiosk.microphone else "dim"),
            _meter(sound.microphone_level),
            _named("speaker", "the agent's voice" if sound.speaker_active else "", "cyan"),
            _meter(sound.speaker_level),
            _named("fault", fault.words if fault else "none", "red" if fault else "dim"),
        )
        return _box(Group(*lines), f"Voice Kiosk, mode {self._device.config.talk.mode}")

    def _figures(self) -> RenderableType:
        sound, observer, room = self._device.sound.figures(), self._observer, self.statistics or RoomStatistics()
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column()
        table.add_column(justify="right")
        table.add_row("press → LED", _ms(observer.press_to_led))
        table.add_row("press → live", _ms(observer.press_to_live))
        table.add_row("to be caught up", _ms(sound.backlog_ms))
        table.add_row("to be played", _ms(sound.queue_ms))
        table.add_row("server and back", _ms(room.rtt_ms))
        age = self._device.calls.token_age
        table.add_row("the token's age", "–" if age is None else f"{age:.0f} s")
        table.add_row("xruns in, out", f"{sound.microphone_xruns}, {sound.speaker_xruns}")
        return _box(table, "figures")

    def _transcript(self, rows: int) -> RenderableType:
        lines = [
            Text.assemble(
                (f"{'you' if line.who == 'visitor' else line.who}: ", "bold green" if line.who == "visitor" else "bold cyan"),
                (line.text, "" if line.final else "italic"),
            )
            for line in list(self._observer.lines.values())[-max(1, rows // 2) :]
        ]
        return _box(Group(*lines), "what is said")

    def _happenings(self, rows: int) -> RenderableType:
        lines = [
            Text.assemble((f"{told.at - self._observer.began:6.1f} s ", "dim"), told.text, no_wrap=True, overflow="ellipsis")
            for told in list(self._observer.happenings)[-rows:]
        ]
        return _box(Group(*lines), "what happens")

    def _help(self) -> RenderableType:
        mode = self._device.config.talk.mode
        keys = ["[space] button", "[h] hang up", "[m] mode", "[q] quit"]
        if mode == "hold":
            keys.insert(1, "[Enter] hold it")
        elif self._simulated:
            keys.insert(1, "[s] speak")
        if self._loopback:
            keys.insert(-2, "[n] cut network")
        note = f"A terminal tells no key-up: space is released {RELEASE_S:g} s after its last repeat." if mode == "hold" else ""
        hint = advice(self._device.dispatcher.kiosk, mode, simulated=self._simulated)
        return _box(
            Group(Text(hint, style="bold yellow", no_wrap=True), Text(" ".join(keys), no_wrap=True), Text(note, style="dim")), "what to do"
        )

    def _indication(self) -> str:
        fault = self._device.health.worst
        return indication(self._device.dispatcher.kiosk, fault.indication if fault else None).value

    def _light(self) -> tuple[float, Color]:
        """Of all lights since the last picture the one least like it: no flash and no gap is too short to be seen."""
        chosen = max(self._observer.take_lights(), key=lambda light: abs(light[0] - self._shown))
        self._shown = chosen[0]
        return chosen


def advice(kiosk: Kiosk, mode: Mode, *, simulated: bool) -> str:
    """What a newcomer may do now, in one line."""
    speak = "the visitor speaks by himself" if simulated else "and speak"
    match kiosk.state:
        case State.IDLE if mode == "vad":
            words = "Press s: the visitor speaks, and that wakes the kiosk." if simulated else "Speak: that wakes the kiosk."
        case State.IDLE:
            words = f"{'Hold the space bar down' if mode == 'hold' else 'Press the space bar'}: {speak}."
        case State.CONNECTING:
            words = "Connecting; every word is kept until the agent can hear it."
        case State.LIVE if kiosk.talk is Talk.SPEAKING:
            words = "The agent answers. Press n to cut the network, h to hang up."
        case State.LIVE if kiosk.microphone:
            words = f"The agent listens; {'let go of the space bar, and it answers' if mode == 'hold' else 'it answers when you pause'}."
        case State.LIVE:
            words = "Hold the space bar to speak again, or press h to hang up."
        case State.RESUMING | State.RETRYING:
            words = "The connection is gone and is being mended; words are kept meanwhile."
        case _:
            words = "One moment."
    return words


def _box(content: RenderableType, title: str) -> Panel:
    return Panel(content, title=title, title_align="left", border_style="grey50")


def _visible(brightness: float, color: Color) -> tuple[int, int, int]:
    red, green, blue = (round(DARK + (255 - DARK) * brightness * part ** (1.0 / GAMMA)) for part in color)
    return red, green, blue


def _named(name: str, value: str, style: str) -> Text:
    return Text.assemble((f"{name:<12}", "dim"), (value, style), no_wrap=True, overflow="ellipsis")


def _meter(level: float) -> Text:
    cells = round(BAR * min(1.0, max(0.0, 1.0 - level / FLOOR_DB)))
    style = "yellow" if level > LOUD_DB else "green"
    return Text.assemble(("█" * cells, style), ("·" * (BAR - cells), "dim"), f"{max(level, FLOOR_DB):4.0f} dB")


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} ms"
