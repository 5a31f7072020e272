"""The links button and LED."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from kiosk.config.model import ButtonConfig, Config
from kiosk.doctor.aside import aside
from kiosk.doctor.contact import Contact, contact
from kiosk.doctor.findings import Finding, broken, counted, failure, ok, skipped, warning
from kiosk.doctor.visit import Visit
from kiosk.errors import PanelError
from kiosk.panel.driver import Driver
from kiosk.panel.led import Led
from kiosk.signals import Indication

WANTED: Final = 3
PRESSING: Final = 20.0
"""Seconds in which they must have come."""
LOOK: Final = 0.05
SHOWN: Final = 0.8
"""Seconds of each indication, and of each where nobody looks."""
UNSEEN: Final = 0.1
ANSWERING: Final = 20.0
CLOSE: Final = 0.6
"""Share of the debounce that a bounce should leave unused."""
_MEND_BUTTON: Final = "check the wires, button.pin, button.pull and button.active (docs/technician.md)"


def judge_button(found: Contact, config: ButtonConfig, *, wanted: int) -> Finding:
    """What came of the request to press it so many times."""
    figures = {
        "presses": found.presses,
        "edges": found.edges,
        "bounces": found.bounces,
        "longest_bounce_ms": round(found.longest_ms, 2),
        "widest_gap_ms": round(found.widest_ms, 2),
    }
    name = f"GPIO{config.pin}"
    if found.edges == 0:
        return failure("button", f"{name}: not one edge came", _MEND_BUTTON, **figures)
    bounce = f"{counted(found.bounces, 'bounce')}, for {found.longest_ms:.1f} ms at most" if found.bounces else "no bounce"
    said = f"{name}: {counted(found.presses, 'press', 'presses')}, {counted(found.edges, 'edge')}, {bounce}"
    longer = f"raise button.debounce ({1000 * config.debounce:g} ms)"
    if found.hasty:
        return warning("button", f"{said}; {found.hasty} came sooner than a finger can", longer, **figures)
    if found.presses < wanted:
        return warning("button", f"{said}; {wanted} were asked for", f"try again; {_MEND_BUTTON}", **figures)
    if found.widest_ms >= 1000 * config.debounce * CLOSE:
        return warning("button", f"{said}, nearly too long apart to be told from presses", longer, **figures)
    return ok("button", said, **figures)


def judge_led(lines: tuple[int, ...], seen: bool | None, *, asked: bool) -> Finding:
    """`seen`: what a person says, None where none did."""
    name = ", ".join(f"GPIO{line}" for line in lines)
    if seen:
        return ok("led", f"{name}: it lit", seen=True)
    if seen is False:
        mend = "check its wires and which way round it is, led.pin or led.rgb, and led.active_high"
        return failure("led", f"{name}: it did not light", mend, seen=False)
    why = "nobody answered" if asked else "there is no terminal to ask"
    return skipped("led", f"{name}: driven through every pattern without an error; {why} whether it lit")


async def button(visit: Visit) -> Finding:
    """Claims the line and, where somebody is there, has it pressed."""
    config, person = visit.config.button, visit.means.person
    if config.pin is None:
        return ok("button", "none configured")
    loop = asyncio.get_running_loop()
    edges: list[tuple[float, bool]] = []

    def on_edge(pressed: bool) -> None:
        moment = loop.time()
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(edges.append, (moment, pressed))

    driver = visit.means.driver(visit.config)
    try:
        line = await aside(lambda: driver.open_button(config, on_edge))
        try:
            if line.pressed():
                mend = f"let go of it; if nobody holds it, {_MEND_BUTTON}"
                return failure("button", f"GPIO{config.pin}: stuck, or held", mend, stuck=True)
            if not person.there:
                return skipped("button", f"GPIO{config.pin}: claimed, and not pressed; there is no terminal to say: press it")
            await _pressed(visit, edges)
        finally:
            line.close()
    except PanelError as error:
        return broken("button", error)
    finally:
        driver.close()
    return judge_button(contact(edges, config.debounce), config, wanted=WANTED)


async def led(visit: Visit) -> Finding:
    """Sweeps through every pattern, and asks whether it was seen."""
    config, person = visit.config.led, visit.means.person
    lines = config.rgb or (() if config.pin is None else (config.pin,))
    if not lines:
        return ok("led", "none configured")
    driver = visit.means.driver(visit.config)
    try:
        await _sweep(visit.config, driver, visit)
    except PanelError as error:
        return broken("led", error)
    finally:
        driver.close()
    seen = await person.ask("Did the light change through its patterns?", ANSWERING) if person.there else None
    return judge_led(lines, seen, asked=person.there)


async def _pressed(visit: Visit, edges: list[tuple[float, bool]]) -> None:
    """Until it has been pressed and let go often enough, or too much time has gone by."""
    config, clock = visit.config.button, asyncio.get_running_loop().time
    end = clock() + PRESSING
    while clock() < end:
        found = contact(edges, config.debounce)
        visit.means.person.tell(f"button: press it now, {WANTED} times … {'●' * found.presses}")
        quiet = bool(edges) and not edges[-1][1] and clock() - edges[-1][0] > config.debounce
        if found.presses >= WANTED and quiet:
            return
        await asyncio.sleep(LOOK)


async def _sweep(config: Config, driver: Driver, visit: Visit) -> None:
    line = await aside(lambda: driver.open_led(config.led))
    shown, light = SHOWN if visit.means.person.there else UNSEEN, Led(config.led)
    try:
        light.attach(line)
        playing = asyncio.create_task(light.run())
        try:
            for indication in Indication:
                visit.means.person.tell(f"led: {indication} …")
                light.show(indication)
                await asyncio.wait([playing], timeout=shown)
                if playing.done():
                    playing.result()
        finally:
            playing.cancel()
            await asyncio.wait([playing])
    finally:
        light.attach(None)
        line.close()
