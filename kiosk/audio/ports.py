"""What the sound path needs of the world: a sound card with two directions, and a canceller. Fakes and real ones have the same shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kiosk.audio.frames import Block

Sink = Callable[[Block], None]
"""Called from the capture thread with 480 samples at 48 kHz mono, valid during the call; never blocks, never raises."""


class Canceller(Protocol):
    """Echo cancellation, noise suppression, gain control."""

    def process(self, block: Block, delay_ms: int) -> None:
        """Clean what the microphone heard, in place (capture thread); `delay_ms` is the way of sound through both devices' buffers."""
        ...

    def reverse(self, block: Block) -> None:
        """Learn what is really played (playout thread)."""
        ...


class Stream(Protocol):
    """One open direction of a device, used from one thread; only abort() may come from another."""

    rate: int
    channels: int
    latency: float
    name: str

    def abort(self) -> None:
        """Let a read or write that waits come back with SoundError, if it can."""
        ...

    def close(self) -> None:
        """Give the device free; not to be used afterwards."""
        ...


class MicrophoneStream(Stream, Protocol):
    """Blocking capture."""

    def read(self, into: NDArray[np.int16]) -> bool:
        """Fill shape (frames, channels) with native samples; True = some were lost before these; raises SoundError."""
        ...


class SpeakerStream(Stream, Protocol):
    """Blocking playout."""

    def wait(self, frames: int) -> None:
        """Return once there is room for so many frames, so that what is written next is as new as it can be; raises SoundError."""
        ...

    def write(self, block: NDArray[np.int16]) -> bool:
        """Play shape (any frames, channels), contiguous; True = there was a gap before these; raises SoundError."""
        ...


class SoundCard(Protocol):
    """Devices by name: part of it, `default`, or `hw:CARD=…`. `latency` in seconds is the buffer asked for."""

    def open_microphone(self, device: str, latency: float, channel: int | None = None) -> MicrophoneStream:
        """With at least as many channels as reach `channel`; raises SoundError `microphone-…`: missing, busy, failed, stuck."""
        ...

    def open_speaker(self, device: str, latency: float) -> SpeakerStream:
        """Raises SoundError `speaker-…`: missing, busy, failed, stuck."""
        ...

    def changed(self) -> bool:
        """Whether devices have come or gone since the last look."""
        ...

    def rescan(self) -> None:
        """Look again; only while no stream is open."""
        ...
