"""The visit where the agent, the network or the sound is not the demo's own: one sentence, and whether an agent is heard."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from kiosk.app import Device
from kiosk.audio.frames import RATE
from kiosk.sim.observer import Observer
from kiosk.sim.report import Figures
from kiosk.sim.stage import Stage
from kiosk.sim.visitor import Broken, Tell, Visitor
from kiosk.sim.wav import spoken

VOICE_LIMIT: Final = 15.0
"""Seconds in which the agent must be heard."""
VOICE_S: Final = 0.5
"""Seconds of its voice that count as heard, louder than VOICE_DB (dBFS)."""
VOICE_DB: Final = -50.0
SPEECH_S: Final = 5.0
"""How long a visitor with a real microphone is given to speak."""


async def meet(figures: Figures, stage: Stage, device: Device, observer: Observer, tell: Tell) -> None:
    """One sentence and its answer; fills in the figures that can be known, Broken when it cannot go on."""
    visitor = Visitor(device, stage, observer)
    figures.unknown += _unknown(stage)
    sentence = spoken("visitor") if stage.simulated is not None else None
    tell("the visitor begins a call and speaks" if sentence is not None else f"a call is begun: speak now, for {SPEECH_S:g} s")
    begun = await visitor.begin(sentence)
    await visitor.live("the call did not come about")
    figures.press_to_led, figures.press_to_live = observer.press_to_led, observer.press_to_live
    tell("the agent hears the visitor")
    await asyncio.sleep(begun + (SPEECH_S if sentence is None else len(sentence) / RATE) - time.monotonic())
    visitor.done()
    tell("the sentence is said; listening for the agent")
    heard = await _voice(device)
    tell("the agent was heard; the visitor hangs up" if heard else "the visitor hangs up")
    await visitor.hang_up()
    if not heard:
        raise Broken("the agent was not heard at the speaker")


def _unknown(stage: Stage) -> list[str]:
    lacking: list[str] = []
    if stage.world is None:
        lacking.append("what the agent heard and what it said: it is not the demo's own agent")
    if stage.simulated is None:
        lacking.append("first words, answer and round trip: nobody knows what was spoken and what sounded at a real sound card")
    return [*lacking, "recovery: the network is only cut where all of it is the demo's own"]


async def _voice(device: Device) -> bool:
    """Whether the agent's voice sounds for long enough."""
    step, heard = 0.05, 0.0
    end = time.monotonic() + VOICE_LIMIT
    while heard < VOICE_S and time.monotonic() < end:
        await asyncio.sleep(step)
        figures = device.sound.figures()
        heard += step if figures.speaker_active and figures.speaker_level > VOICE_DB else 0.0
    return heard >= VOICE_S
