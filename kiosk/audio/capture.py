"""The capture thread's work: one native block in, at most two blocks out to the sink."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

import numpy as np

from kiosk.audio.convert import ToMono, frames
from kiosk.audio.frames import Block
from kiosk.audio.levels import SILENT, Gain, dbfs
from kiosk.audio.ports import Canceller, MicrophoneStream, Sink
from kiosk.audio.priority import go_first
from kiosk.audio.uplink import Uplink
from kiosk.audio.vad import PauseDetector, SpeechDetector, SpeechWindow
from kiosk.config.model import MicrophoneConfig, VadConfig


class Lateness:
    """Which blocks stood in the device's buffer: the first ones, and those after a gap, until a read has to wait again.

    latency: the device's own, in seconds; it may hand its blocks out in bursts that far apart.
    """

    GAP: Final = 0.05
    """Seconds without a block that make the next ones late; shorter ones every jitter buffer swallows."""
    WAIT: Final = 0.002
    """Seconds that a read takes at least when nothing is left in the buffer."""
    LONGEST: Final = 100
    """Blocks after which they count as live whatever the reads do: no sound card holds more than 1 s."""

    def __init__(self, latency: float = 0.0) -> None:
        self._gap = max(self.GAP, latency)
        self._settling = self.LONGEST
        self._last = 0.0

    def judge(self, began: float, ended: float) -> bool:
        """True for a late block, read between the two monotonic times."""
        if self._last and ended - self._last > self._gap:
            self._settling = self.LONGEST
        elif ended - began >= self.WAIT:
            self._settling = 0
        self._last = ended
        self._settling = max(0, self._settling - 1)
        return self._settling > 0


class Capture:
    """read -> 48 kHz mono -> gain -> canceller -> level -> VAD -> uplink -> sink, for as long as run() lasts.

    `on_speech` and `on_drained` are called on the capture thread. All counters only grow.
    """

    def __init__(
        self,
        config: MicrophoneConfig,
        vad: VadConfig,
        uplink: Uplink,
        canceller: Canceller | None,
        *,
        on_speech: Callable[[], None],
        on_drained: Callable[[], None],
    ) -> None:
        self.sink: Sink | None = None
        self.muted = False
        self.delay_ms = 0
        self.blocks = 0
        self.xruns = 0
        self.level = SILENT
        self._config = config
        self._uplink = uplink
        self.canceller = canceller
        self._on_speech = on_speech
        self._on_drained = on_drained
        self._vad = vad
        self._listen(vad)
        self._gain = Gain(config.gain)

    def reconfigure(self, config: MicrophoneConfig, vad: VadConfig) -> None:
        """From any thread; a channel counts from the next run() on."""
        self._config = config
        self._gain = Gain(config.gain)
        if vad != self._vad:
            self._vad = vad
            self._listen(vad)

    def _listen(self, vad: VadConfig) -> None:
        self._speech = SpeechDetector(vad.aggressiveness, vad.level)
        self._pauses = PauseDetector(vad)
        self._window = SpeechWindow(vad)

    def run(self, stream: MicrophoneStream, stop: threading.Event) -> None:
        """Pump until `stop`; raises SoundError when the device fails."""
        go_first()
        convert = ToMono(stream.rate, stream.channels, self._config.channel)
        native = np.zeros((frames(stream.rate), stream.channels), dtype=np.int16)
        lateness = Lateness(stream.latency)
        while not stop.is_set():
            began = time.monotonic()
            self.xruns += stream.read(native)
            if stop.is_set():
                return
            late = lateness.judge(began, time.monotonic())
            for block in convert.feed(native):
                self._block(block, late)
            self.blocks += 1

    def _block(self, block: Block, late: bool) -> None:
        self._gain.apply(block)
        if (canceller := self.canceller) is not None:
            canceller.process(block, self.delay_ms)
        if self.muted:
            # After the canceller, which would have to learn the echo anew.
            block[:] = 0
        self.level = dbfs(block)
        voiced = self._speech.voiced(block, self.level)
        count = self._uplink.push(block, voiced or not self._pauses.pause(block, self.level), late)
        sink = self.sink
        if sink is not None:
            for index in range(count):
                sink(self._uplink.out[index])
        if self._uplink.drained():
            self._on_drained()
        if self._window.push(voiced):
            self._on_speech()
