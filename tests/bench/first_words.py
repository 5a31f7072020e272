"""What becomes of the first words: recorded audio in the track, or by LiveKit's pre-connect buffer, at token delays of 0, 1 and 5 s.

The agent is one on LiveKit's own framework, so that both ways end where a production agent listens: at its speech recognition.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from kiosk.audio.frames import RATE, silence
from kiosk.machine.states import State
from kiosk.sim.wav import spoken
from tests.bench.results import Sheet
from tests.bench.stage import Stage
from tests.live.hall import Hall
from tests.parts.align import Alignment, align
from tests.parts.framework_agent.agent import FrameworkAgent
from tests.parts.recording import Recording

WAYS: Final = ("track", "stream")
DELAYS: Final = (0.0, 1.0, 5.0)
SPEECH: Final = np.concatenate([spoken("visitor"), silence(30), spoken("answer")])
"""About 8 s: two sentences with a breath between."""
_OFF: Final = {"echo_cancellation": False, "noise_suppression": False, "gain_control": False}
_GONE: Final = 0.1
"""Seconds above its least that count as delay."""


async def first_words(stage: Stage, python: Path, runs: int, say: Callable[[str], None], delays: tuple[float, ...] = DELAYS) -> Sheet:
    """`runs` of each way and delay, interleaved."""
    sheet = Sheet("First words at the agent's speech recognition (ms)", "way, token delay")
    for run in range(runs):
        for delay in delays:
            for way in WAYS:
                say(f"first words {run + 1} of {runs}: {way}, token after {delay:g} s")
                await _visit(stage, python, way, delay, sheet)
    return sheet


async def _visit(stage: Stage, python: Path, way: str, delay: float, sheet: Sheet) -> None:
    async with Hall(stage.server, audio=_OFF, talk={"first_words": way}) as hall:
        token = stage.server.token("agent", hall.room, kind="agent")
        async with FrameworkAgent(python, stage.server.url, token, stage.folder / hall.room) as agent:
            hall.api.delay = delay
            hall.panel.press()
            begun = await hall.say(SPEECH)
            await hall.until(State.LIVE)
            await asyncio.sleep(len(SPEECH) / RATE + 2.0)
            recording = (await agent.heard()).since(begun)
    row = f"{way}, {delay:g} s"
    _enter(sheet, row, await asyncio.to_thread(align, SPEECH, recording.samples), recording, begun)


def _enter(sheet: Sheet, row: str, found: Alignment, recording: Recording, begun: float) -> None:
    sheet.add(row, "lost", found.lost_ms)
    sheet.add(row, "shortened", found.shortened_ms)
    sheet.add(row, "damaged", found.damaged_ms)
    sheet.add(row, "inserted", found.inserted_ms)
    sheet.add(row, "silence put in", found.silence_ms)
    late = _lateness(found, recording, begun)
    if late:
        least = min(delay for _, delay in late)
        behind = [moment for moment, delay in late if delay > least + _GONE]
        sheet.add(row, "delay at first", 1000 * late[0][1])
        sheet.add(row, "delay at last", 1000 * late[-1][1])
        sheet.add(row, "caught up after", 1000 * max(behind, default=0.0))


def _lateness(found: Alignment, recording: Recording, begun: float) -> list[tuple[float, float]]:
    """For every 100 ms window: when it was heard, in seconds from the press, and how long after it was said."""
    said, late = list[float](), list[float]()
    for row in found.rows:
        source, heard = (float(number) / 1000 for number in row.split()[:2])
        sample = min(round(heard * RATE), len(recording.samples) - 1)
        said.append(source)
        late.append(recording.heard_at(sample) - begun - source)
    # A window taken for another like it is no delay.
    steady = [float(np.median(late[max(0, place - 3) : place + 4])) for place in range(len(late))]
    return [(source + delay, delay) for source, delay in zip(said, steady, strict=True)]
