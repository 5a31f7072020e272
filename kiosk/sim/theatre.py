"""The demo's ways to show a kiosk: a scripted visit, and a picture of the screen in mid-call."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from rich.console import Console

from kiosk.app import Device
from kiosk.audio.frames import RATE
from kiosk.machine.events import Event, On
from kiosk.machine.states import State, Talk
from kiosk.room.shutdown import end_process
from kiosk.sim.observer import Observer
from kiosk.sim.report import judge, words
from kiosk.sim.screen import Screen
from kiosk.sim.script import perform
from kiosk.sim.stage import Setting, Stage, stage
from kiosk.sim.visitor import LIVE_LIMIT, Visitor
from kiosk.sim.wav import spoken

INTERRUPTED: Final = 130
"""Exit code of a demo that was stopped by a signal, as shells have it."""
PICTURE: Final = (100, 30)
"""Columns and rows of the exported picture."""
INTO_ANSWER_S: Final = 2.0
"""How far into its answer the agent is in the picture."""

T = TypeVar("T")


async def scripted(setting: Setting) -> int:
    """The scripted visit, told line by line on stdout, then its report; 0 only when every answer was heard and no word lost."""
    begun = time.monotonic()

    def tell(text: str) -> None:
        print(f"{time.monotonic() - begun:6.1f} s  {text}", flush=True)

    async with stage(setting) as place:
        device = place.device(setting.mode, partial(end_process, 1))
        figures = await beside(device, perform(place, device, Observer(device, place.panel), tell))
    if figures is None:
        return INTERRUPTED
    print(f"\n{words(figures)}", flush=True)
    return 1 if judge(figures) else 0


async def pictured(setting: Setting, file: Path) -> int:
    """The screen in mid-call as an SVG file; the exit code, 1 when no call came about."""
    async with stage(setting) as place:
        device = place.device(setting.mode, partial(end_process, 1))
        drawn = await beside(device, _picture(place, device, Observer(device, place.panel)))
    if drawn is None:
        return INTERRUPTED
    if drawn:
        await asyncio.to_thread(file.write_text, drawn, encoding="utf-8")
    return 0 if drawn else 1


async def beside(device: Device, act: Coroutine[object, object, T]) -> T | None:
    """Runs the device for as long as the act lasts, and stops it; None when a signal stopped the device before."""
    running, acting = asyncio.create_task(device.run()), asyncio.create_task(act)
    try:
        await asyncio.wait({running, acting}, return_when=asyncio.FIRST_COMPLETED)
        return await acting if acting.done() else None
    finally:
        acting.cancel()
        device.dispatcher.post(Event(On.STOP))
        await asyncio.gather(acting, return_exceptions=True)
        await running


async def _picture(place: Stage, device: Device, observer: Observer) -> str:
    """SVG of the screen while the agent answers; empty when it never does."""
    columns, rows = PICTURE
    console = Console(record=True, width=columns, height=rows, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    screen = Screen(device, observer, loopback=place.world is not None, simulated=place.simulated is not None)
    visitor, sentence = Visitor(device, place, observer), spoken("visitor")
    await observer.until(lambda: observer.state is State.IDLE, LIVE_LIMIT)
    await visitor.begin(sentence)
    await asyncio.sleep(len(sentence) / RATE)
    visitor.done()
    if not await observer.until(lambda: device.dispatcher.kiosk.talk is Talk.SPEAKING, LIVE_LIMIT):
        return ""
    await asyncio.sleep(INTO_ANSWER_S)
    screen.statistics = await device.calls.statistics()
    observer.take_lights()
    await observer.until(lambda: place.panel.level > 0.5, 1.0)
    console.print(screen.draw(columns, rows))
    return console.export_svg(title="voice-kiosk demo", unique_id="demo")
