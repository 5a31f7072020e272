"""Echo canceller, noise suppression and gain control: WebRTC's, as the LiveKit library brings them."""

from __future__ import annotations

import numpy as np
from livekit import rtc

from kiosk.audio.frames import Block
from kiosk.room.native import processing_request


class Processing:
    """Canceller on rtc.AudioProcessingModule: `process` in the capture thread, `reverse` in the playout thread.

    The native side holds one lock for both, at most 0.2 ms long. A refused block passes unchanged and is counted.
    """

    def __init__(self, echo: bool, noise: bool, gain: bool) -> None:
        self._module = rtc.AudioProcessingModule(
            echo_cancellation=echo, noise_suppression=noise, high_pass_filter=echo or noise, auto_gain_control=gain
        )
        self._near = processing_request(self._module, reverse=False)
        self._far = processing_request(self._module, reverse=True)
        self._accepted = (self._near(), self._far())
        self._echo = echo
        self._delay = -1
        self.refused = 0

    def process(self, block: Block, delay_ms: int) -> None:
        """Cleans one block (480,) in place. delay_ms: from `reverse` of a block to its echo in `process`."""
        if self._echo and delay_ms != self._delay:
            self._delay = delay_ms
            self._module.set_stream_delay_ms(delay_ms)
        np.copyto(self._near.block, block)
        if self._near() == self._accepted[0]:
            np.copyto(block, self._near.block)
        else:
            self.refused += 1

    def reverse(self, block: Block) -> None:
        """One block (480,) as it is really played; it is not changed."""
        if not self._echo:
            return
        np.copyto(self._far.block, block)
        if self._far() != self._accepted[1]:
            self.refused += 1
