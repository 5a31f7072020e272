"""From the press to the LED, to the published microphone, and to the agent's ears, with a token that is answered at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

import numpy as np

from kiosk.audio.frames import RATE, Block
from tests.bench.results import Sheet
from tests.bench.stage import Stage
from tests.parts.child import Child
from tests.parts.far_end import FarEnd

TONE: Final = 2.5
"""Seconds of tone from the press on: longer than any connection here takes."""


def tone() -> Block:
    """220 Hz with the overtones of a voice."""
    moments = np.arange(round(TONE * RATE)) / RATE
    parts = np.arange(1, 9)[:, None]
    return (4000 * np.sum(np.sin(2 * np.pi * 220 * parts * moments) / parts, axis=0)).astype(np.int16)


async def presses(stage: Stage, count: int, say: Callable[[str], None]) -> Sheet:
    """A kiosk in `toggle` mode, begun and ended `count` times; milliseconds from the closing of the contact."""
    sheet = Sheet("From the press, token answered at once (ms)", "")
    stage.new_room()
    async with stage.far_end(echo=False) as agent, stage.kiosk(talk={"mode": "toggle"}) as kiosk:
        for number in range(count):
            say(f"press {number + 1} of {count}")
            await _press(stage, kiosk, agent, sheet)
    return sheet


async def _press(stage: Stage, kiosk: Child, agent: FarEnd, sheet: Sheet) -> None:
    after, here = len(kiosk.events), len(agent.events)
    await asyncio.to_thread(stage.mouth.say, tone())
    await kiosk.ask("press")
    pressed = float((await kiosk.event("pressed", after=after))["at"])
    light = float((await kiosk.event("light", after=after))["at"])
    published = float((await kiosk.event("told", kind="connected", after=after))["at"])
    await agent.event("track", after=here)
    await asyncio.sleep(max(1.0, pressed + TONE + 0.5 - time.monotonic()))
    heard = (await agent.heard()).since(pressed).first_loud()
    sheet.add("press → LED", "ms", 1000 * (light - pressed))
    sheet.add("press → published", "ms", 1000 * (published - pressed))
    sheet.add("press → agent hears", "ms", 1000 * ((heard or float("nan")) - pressed))
    await kiosk.ask("release")
    await asyncio.sleep(0.1)
    await kiosk.ask("press")
    await asyncio.sleep(1.0)
    await kiosk.ask("release")
