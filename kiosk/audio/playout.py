"""The playout thread's work: the agent's voice and the earcons, block by block, clocked by the speaker."""

from __future__ import annotations

import threading
from typing import Final

from kiosk.audio.convert import FromMono, frames
from kiosk.audio.frames import Block, silence
from kiosk.audio.jitter import JitterQueue
from kiosk.audio.levels import SILENT, Gain, dbfs
from kiosk.audio.mixer import Mixer
from kiosk.audio.ports import Canceller, SpeakerStream
from kiosk.audio.priority import go_first
from kiosk.config.model import SpeakerConfig

_AUDIBLE: Final = -50.0
"""dBFS from which the agent's voice counts as heard."""
_HOLD: Final = 30
"""Blocks that it still counts afterwards: the gaps between words, 300 ms."""


class Playout:
    """wait -> pop -> gain -> canceller's reverse -> earcon -> native rate -> write, for as long as run() lasts. All counters only grow.

    The wait comes first: a block taken before it would stand in this thread's hand for as long, 10 ms, instead of in the queue.
    """

    def __init__(self, config: SpeakerConfig, queue: JitterQueue, mixer: Mixer, canceller: Canceller | None) -> None:
        self.blocks = 0
        self.xruns = 0
        self.level = SILENT
        self._queue = queue
        self._mixer = mixer
        self.canceller = canceller
        self.gain = Gain(config.gain)
        self._block: Block = silence()
        self._audible = 0

    @property
    def active(self) -> bool:
        """Whether the agent's voice is audible now."""
        return self._audible > 0

    def run(self, stream: SpeakerStream, stop: threading.Event) -> None:
        """Pump until `stop`; raises SoundError when the device fails."""
        go_first()
        convert = FromMono(stream.rate, stream.channels)
        try:
            while not stop.is_set():
                stream.wait(frames(stream.rate))
                self._next()
                native = convert.feed(self._block)
                if len(native):
                    self.xruns += stream.write(native)
                self.blocks += 1
        finally:
            self._audible, self.level = 0, SILENT

    def _next(self) -> None:
        block = self._block
        sounds = self._queue.pop(block)
        if sounds:
            self.gain.apply(block)
        voice = self.level = dbfs(block) if sounds else SILENT
        self._audible = _HOLD if voice >= _AUDIBLE else max(0, self._audible - 1)
        # The canceller learns the agent's voice alone: taught a tone while the visitor speaks, it takes 100 to 400 ms of the first words
        # away with it, and a faint tone under them harms nobody.
        if (canceller := self.canceller) is not None:
            canceller.reverse(block)
        if self._mixer.add_to(block):
            self.level = dbfs(block)
