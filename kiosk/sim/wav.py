"""The spoken sentences of the loopback world."""

from __future__ import annotations

import wave
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import soxr

from kiosk.audio.frames import RATE, Block

FOLDER: Final = Path(__file__).parent / "speech"
ANSWER_WORDS: Final = "The airport train leaves from platform four, in ten minutes."
"""What `answer.wav` says."""
VISITOR_WORDS: Final = "Hello, which platform does the train to the airport leave from?"
"""What `visitor.wav` says."""


@cache
def spoken(name: str) -> Block:
    """The sentence `name` ("visitor", "answer") at 48 kHz, mono, any length; not to be written to."""
    with wave.open(str(FOLDER / f"{name}.wav")) as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16)
    spread = resampled(samples, rate)
    spread.setflags(write=False)
    return spread


def resampled(samples: Block, rate: int) -> Block:
    """`samples` of any rate at 48 kHz."""
    if rate == RATE:
        return samples.copy()
    return cast(Block, cast(Any, soxr).resample(samples, rate, RATE))
