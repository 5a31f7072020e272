"""The playout thread's work, against a speaker that is made up."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from kiosk.audio.frames import BLOCK, RATE
from kiosk.audio.jitter import JitterQueue
from kiosk.audio.mixer import Mixer
from kiosk.audio.playout import Playout
from kiosk.config.model import SpeakerConfig
from tests.parts.clocks import tone


class Speaker:
    """While it is waited for, the agent's blocks come; the thread ends after the first one written."""

    rate, channels, latency, name = RATE, 1, 0.02, "made up"

    def __init__(self, queue: JitterQueue, stop: threading.Event) -> None:
        self.written: list[NDArray[np.int16]] = []
        self._queue = queue
        self._stop = stop

    def wait(self, frames: int) -> None:
        assert frames == BLOCK
        for number in range(3):
            self._queue.push(tone(number))

    def write(self, block: NDArray[np.int16]) -> bool:
        self.written.append(block.copy())
        self._stop.set()
        return False

    def abort(self) -> None: ...

    def close(self) -> None: ...


def test_what_is_written_is_taken_once_there_is_room_for_it() -> None:
    queue, stop = JitterQueue(), threading.Event()
    speaker = Speaker(queue, stop)
    Playout(SpeakerConfig(), queue, Mixer(), None).run(speaker, stop)
    assert speaker.written[0].any(), "the blocks that came during the wait, not what stood there before it"
