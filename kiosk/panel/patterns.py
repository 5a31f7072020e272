"""What the LED does for each indication: rhythms that differ without their colours. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from kiosk.config.model import Blink
from kiosk.signals import Indication

FRAMES_PER_S: Final = 25
"""Steps of a fade: enough for the eye, cheap enough for a Pi."""


def _blink(color: str, *steps: tuple[float, str], fade: bool = False) -> Blink:
    return Blink.model_validate({"color": color, "steps": steps, "fade": fade})


BUILT_IN: Final[Mapping[Indication, Blink]] = {
    Indication.STARTING: _blink("#ffffff", (1.0, "80ms"), (0.0, "420ms")),
    Indication.IDLE: _blink("#00a0ff", (0.5, "60ms"), (0.0, "2940ms")),
    Indication.ATTENTION: _blink("#ffc000", (0.5, "60ms"), (0.0, "240ms"), (0.5, "600ms"), (0.0, "2700ms")),
    Indication.CONNECTING: _blink("#00a0ff", (1.0, "125ms"), (0.0, "125ms")),
    Indication.LISTENING: _blink("#00ff40", (1.0, "1s")),
    Indication.THINKING: _blink("#a000ff", (1.0, "700ms"), (0.0, "700ms"), fade=True),
    Indication.SPEAKING: _blink("#00ffff", (1.0, "500ms"), (0.1, "100ms")),
    Indication.MUTED: _blink("#ff8000", (1.0, "2s"), (0.0, "2s")),
    Indication.RECONNECTING: _blink("#ffc000", (1.0, "120ms"), (0.0, "180ms"), (1.0, "120ms"), (0.0, "780ms")),
    Indication.OFFLINE: _blink("#ff4000", (1.0, "700ms"), (0.0, "200ms"), (1.0, "120ms"), (0.0, "1180ms")),
    Indication.FAULT: _blink("#ff0000", (1.0, "120ms"), (0.0, "180ms"), (1.0, "120ms"), (0.0, "180ms"), (1.0, "120ms"), (0.0, "1080ms")),
    Indication.OFF: _blink("#000000", (0.0, "1s")),
}


def pattern(indication: Indication, own: Mapping[Indication, Blink]) -> Blink:
    """The pattern of `own` where there is one, else the built-in one."""
    return own.get(indication, BUILT_IN[indication])


def frames(blink: Blink) -> Iterator[tuple[float, float | None]]:
    """(level, seconds) for ever; one last (level, None) where nothing ever changes again."""
    levels = [level for level, _ in blink.steps]
    if len(set(levels)) == 1:
        yield levels[0], None
        return
    while True:
        for (level, seconds), target in zip(blink.steps, levels[1:] + levels[:1], strict=True):
            yield from _glide(level, target, seconds) if blink.fade else ((level, seconds),)


def _glide(level: float, target: float, seconds: float) -> Iterator[tuple[float, float]]:
    count = max(1, int(seconds * FRAMES_PER_S))
    for index in range(count):
        yield level + (target - level) * index / count, seconds / count
