"""The scripted visit with something spoilt: `python -m tests.demo.spoilt silent|cut`; its exit code is the demo's."""

from __future__ import annotations

import asyncio
import sys

from kiosk.audio.frames import RATE, Block
from kiosk.room.shutdown import end_process
from kiosk.sim.script import Visit
from kiosk.sim.soundcard import SimulatedMicrophone
from kiosk.sim.stage import Setting
from kiosk.sim.theatre import scripted

CUT = RATE
"""Samples that never get into the microphone: the first second of what is said, of which 0.8 s are speech."""


whole = SimulatedMicrophone.say


def deaf_at_first(self: SimulatedMicrophone, samples: Block, at: float | None = None) -> float:
    """`say` of a microphone that is deaf to the beginning."""
    spoilt = samples.copy()
    spoilt[:CUT] = 0
    return whole(self, spoilt, at)


async def nothing(_: Visit) -> None:
    """Takes the place of a part of the visit that shows nothing here."""


if __name__ == "__main__":
    kind = sys.argv[1]
    if kind == "cut":
        SimulatedMicrophone.say = deaf_at_first
        for part in ("_network_cut", "_echo"):
            setattr(Visit, part, nothing)
    end_process(asyncio.run(scripted(Setting(agent="silent" if kind == "silent" else "answer"))))
