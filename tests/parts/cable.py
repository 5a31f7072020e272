"""The far ends of the virtual sound card: a mouth at the microphone, an ear at the speaker, both with times."""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

import numpy as np

from kiosk.audio.card import PortAudioCard
from kiosk.audio.frames import BLOCK, RATE, Block, silence
from kiosk.audio.ports import Stream
from kiosk.errors import SoundError
from tests.parts.pipewire import FROM_SPEAKER, INTO_MICROPHONE

_LATENCY: Final = 0.02
_KEPT: Final = 6000
"""Blocks that an ear remembers: 60 s."""


class _End:
    """A thread that lasts as long as the `with` block, or until its device fails: a cable that was pulled out stays dead."""

    def __init__(self, stream: Stream) -> None:
        self._stop = threading.Event()
        self._open = stream
        self._thread = threading.Thread(target=self._work, name=type(self).__name__, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join(1.0)
        # Of a sink that is gone, or a server that stands still, no block comes.
        self._open.abort()
        self._thread.join(5.0)

    def _work(self) -> None:
        with suppress(SoundError):
            self._pump()
        self._open.close()

    def _pump(self) -> None:
        raise NotImplementedError


class Mouth(_End):
    """Speaks into a playback PCM; silence between."""

    def __init__(self, device: str = INTO_MICROPHONE) -> None:
        self._stream = PortAudioCard().open_speaker(device, _LATENCY)
        super().__init__(self._stream)
        self._waiting: deque[Block] = deque()
        self._began: deque[float] = deque()

    def say(self, samples: Block) -> float:
        """Speak 48 kHz mono samples from the next block on; returns the monotonic time when the first block was written."""
        padded = np.concatenate([samples, np.zeros(-len(samples) % BLOCK, dtype=np.int16)])
        blocks = padded.reshape(-1, BLOCK)
        self._began.clear()
        self._waiting.extend(blocks)
        limit = time.monotonic() + 5.0
        while not self._began:
            if time.monotonic() > limit:
                raise RuntimeError("the virtual cable takes no sound; is its server alive?")
            time.sleep(0.001)
        return self._began[0]

    def _pump(self) -> None:
        quiet = silence()
        while not self._stop.is_set():
            spoken = self._waiting.popleft() if self._waiting else None
            block = quiet if spoken is None else spoken
            self._stream.write(np.ascontiguousarray(np.repeat(block.reshape(-1, 1), self._stream.channels, axis=1)))
            if spoken is not None:
                self._began.append(time.monotonic())


class Ear(_End):
    """Records a capture PCM."""

    def __init__(self, device: str = FROM_SPEAKER) -> None:
        self._stream = PortAudioCard().open_microphone(device, _LATENCY)
        super().__init__(self._stream)
        self._blocks: deque[tuple[float, Block]] = deque(maxlen=_KEPT)

    def heard(self, since: float = 0.0) -> Block:
        """Everything that was read after that monotonic time, 48 kHz mono."""
        parts = [block for moment, block in list(self._blocks) if moment >= since]
        return np.concatenate([silence(0), *parts])

    def click(self, since: float, level: int = 4000) -> float | None:
        """The monotonic time of the first sample above `level` that was read after `since`."""
        for moment, block in list(self._blocks):
            loud = np.flatnonzero(np.abs(block.astype(np.int32)) > level)
            if moment >= since and len(loud):
                return moment - (BLOCK - int(loud[0])) / RATE
        return None

    def _pump(self) -> None:
        native = np.zeros((BLOCK, self._stream.channels), dtype=np.int16)
        while not self._stop.is_set():
            self._stream.read(native)
            self._blocks.append((time.monotonic(), native[:, 0].copy()))
