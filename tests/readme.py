"""The parts of README.md and docs/ that are drawn from the code: `python -m tests.readme` writes them, a test holds them true."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from kiosk.audio.earcons import NOTES
from kiosk.config.changes import TAKES, Takes
from kiosk.config.loader import parse
from kiosk.config.model import Blink
from kiosk.errors import ConfigError
from kiosk.faults import FAULTS
from kiosk.machine.diagram import draw
from kiosk.panel.patterns import BUILT_IN
from kiosk.signals import Earcon, Indication

README: Final = Path(__file__).parent.parent / "README.md"
TECHNICIAN: Final = README.parent / "docs" / "technician.md"
COLORS: Final = {
    "#ffffff": "white",
    "#00a0ff": "blue",
    "#00ff40": "green",
    "#a000ff": "violet",
    "#00ffff": "cyan",
    "#ff8000": "orange",
    "#ffc000": "yellow",
    "#ff4000": "orange-red",
    "#ff0000": "red",
}
MEANS: Final = {
    Indication.STARTING: "the device is starting",
    Indication.IDLE: "ready: press and speak",
    Indication.ATTENTION: "ready, but something is to be mended: STATUS and the log say what",
    Indication.CONNECTING: "speak: every word is kept while the call is being made",
    Indication.LISTENING: "in a call, the agent hears you",
    Indication.THINKING: "in a call, the agent thinks",
    Indication.SPEAKING: "in a call, the agent speaks",
    Indication.MUTED: "the microphone is off: in a call press to speak; without one a technician muted it",
    Indication.RECONNECTING: "the call was cut off and is being rejoined; words are kept",
    Indication.OFFLINE: "no call is possible now; it may pass by itself",
    Indication.FAULT: "something must be mended: the log says what",
    Indication.OFF: "the daemon is not running",
}
TELLS: Final = {
    Earcon.LISTENING: "the microphone is open",
    Earcon.ENDED: "the call is over",
    Earcon.ERROR: "the agent is missing, or something is broken",
    Earcon.OFFLINE: "no connection",
    Earcon.BUSY: "the service is busy: try again in a minute",
    Earcon.REFUSED: "the service refuses (key, balance, rights)",
    Earcon.MICROPHONE: "the microphone is broken, or a technician muted it",
    Earcon.RECONNECTING: "cut off; rejoining",
}


def rhythm(blink: Blink) -> str:
    """A pattern in words, such as `on 120 ms, off 180 ms`."""
    if len({level for level, _ in blink.steps}) == 1:
        return "steady" if blink.steps[0][0] else "dark"
    words = {0.0: "off", 1.0: "on"}
    text = ", ".join(f"{words.get(level, 'dim')} {seconds * 1000:.0f} ms" for level, seconds in blink.steps)
    return f"gliding: {text}" if blink.fade else text


def lights() -> str:
    """The table of LED patterns."""
    rows = [f"| {each.value} | {rhythm(BUILT_IN[each])} | {COLORS.get(BUILT_IN[each].color, '')} | {MEANS[each]} |" for each in Indication]
    return "\n".join(["| state | rhythm | colour (RGB) | means |", "|---|---|---|---|", *rows])


def glance(blink: Blink) -> str:
    """A pattern as somebody sees it who has no stopwatch, such as `2 flashes, then a pause`."""
    levels = {level for level, _ in blink.steps}
    if blink.fade or len(levels) == 1 or 0.0 not in levels:
        return "swells and fades" if blink.fade else "on, with short dips" if len(levels) > 1 else rhythm(blink)
    period = sum(seconds for _, seconds in blink.steps)
    flashes = [seconds for level, seconds in blink.steps if level]
    if len(flashes) > 1:
        if max(flashes) > 3 * min(flashes):
            return " and ".join(f"a {_length(seconds)}" for seconds in flashes) + " flash, then a pause"
        return f"{len(flashes)} flashes, then a pause"
    if period < 1.0:
        return f"blinks {round(1 / period)} times a second"
    return f"a {_length(flashes[0])} flash every {period:g} s"


def _length(seconds: float) -> str:
    return "short" if seconds < 0.2 else "long"


def sheet() -> str:
    """The table of LED patterns for the technician's sheet."""
    rows = [f"| {glance(BUILT_IN[each])} | {COLORS.get(BUILT_IN[each].color, '')} | {MEANS[each]} |" for each in Indication]
    return "\n".join(["| the light | colour | means |", "|---|---|---|", *rows])


def tones() -> str:
    """The table of earcons."""
    rows = [f"| {each.value} | {_notes(each)} | {TELLS[each]} |" for each in Earcon]
    return "\n".join(["| tone | notes (Hz) | tells |", "|---|---|---|", *rows])


def _notes(earcon: Earcon) -> str:
    return " ".join(f"{frequency:.0f}" for frequency, _ in NOTES[earcon] if frequency)


def faults() -> str:
    """The table of registered faults."""
    rows = [f"| `{code}` | {fault.words} | {fault.mend} | {fault.earcon.value} |" for code, fault in FAULTS.items()]
    return "\n".join(["| code | what is wrong | what mends it | tone |", "|---|---|---|---|", *rows])


def takes() -> str:
    """When each key of the configuration takes after a reload."""
    keys = {when: ", ".join(f"`{key}`" for key, takes in TAKES.items() if takes is when) for when in Takes}
    return "\n".join(["| a change takes | of these keys |", "|---|---|", *(f"| {when} | {names} |" for when, names in keys.items())])


BROKEN: Final = """\
session:
  idle_timeout: 30
  prefetch: no
talk:
  mdoe: hold
button:
  pin: 017
"""
"""A configuration that shows how errors are told."""


def broken() -> str:
    """A broken file and what `voice-kiosk check` says of it."""
    try:
        parse(BROKEN.encode(), "broken.yaml")
    except ConfigError as error:
        said = "\n".join(error.problems)
    else:
        raise AssertionError("nothing is wrong with it")
    return f"```\n$ cat broken.yaml\n{BROKEN}$ voice-kiosk check broken.yaml\n{said}\n```"


BLOCKS: Final[dict[Path, dict[str, Callable[[], str]]]] = {
    README: {
        "states": lambda: f"```mermaid\n{draw()}\n```",
        "lights": lights,
        "tones": tones,
        "faults": faults,
        "check": broken,
        "takes": takes,
    },
    TECHNICIAN: {"lights": sheet, "tones": tones},
}


def drawn(file: Path) -> str:
    """The file's text with every drawn block as the code would have it now."""
    text = file.read_text()
    for name, block in BLOCKS[file].items():
        opening, closing = f"<!-- drawn: {name} -->\n", "<!-- end -->"
        before, found, rest = text.partition(opening)
        assert found, f"{file.name} needs a block {name}"
        text = f"{before}{opening}{block()}\n{closing}{rest.partition(closing)[2]}"
    return text


if __name__ == "__main__":
    for page in BLOCKS:
        page.write_text(drawn(page))
