"""Open streams of PortAudio whose threads never wait inside it.

Its own wait has no end where a device stops without an error, and nothing may wake it: aborting or closing a stream, or ending the
library, while a thread is inside has been seen to abort the process (PaUnixMutex_Terminate) and to leave that thread there for good.
So a block is read or written when there is room for it, the wait before is a sleep, and every call on a stream is its own thread's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kiosk.audio.names import Device
from kiosk.audio.portaudio import TURN, Library, RawStream
from kiosk.audio.stderr import STDERR
from kiosk.errors import SoundError

_NAP: Final = 0.001
"""Seconds between two looks at a device that is later than expected."""
_EARLIER: Final = 0.0001
"""Seconds that a block is expected earlier than the last one was: keeps the first look at the block's true time, within _NAP."""
_UNAVAILABLE: Final = -9985
"""PortAudio's paDeviceUnavailable: what ALSA's EBUSY becomes."""


class _Polled:
    """What both directions share. `stream` is opened and started; TURN counts it until it is closed."""

    def __init__(self, direction: str, device: Device, library: Library, stream: RawStream) -> None:
        self.name, self.rate, self.channels, self.latency = device.name, device.rate, device.channels, stream.latency
        self._direction = direction
        self._error = library.PortAudioError
        self._stream = stream
        self._aborted = False
        self._looked = time.monotonic()
        self._there = 0
        """Frames that were there at the last look and have not been moved since."""

    def abort(self) -> None:
        self._aborted = True

    def close(self) -> None:
        with TURN.closing(), STDERR.unheard():
            self._stream.close()

    def _failed(self, error: Exception) -> SoundError:
        STDERR.failed()
        return ours(self._direction, self.name, error)

    def _wait(self, frames: int, available: Callable[[], int]) -> None:
        """Return once `available()` is `frames` or more, at most _NAP late, after one look or two; after none where they are known of."""
        STDERR.look()
        if self._there >= frames:
            return
        due = self._looked + (frames - self._there) / self.rate
        early = due - time.monotonic()
        if early > 0:
            time.sleep(min(early, frames / self.rate))
        arrived = due - _EARLIER
        while (count := available()) < frames:
            if self._aborted:
                raise SoundError(f"{self._direction} {self.name!r} gives no more blocks", code=f"{self._direction}-stalled")
            time.sleep(_NAP)
            arrived = time.monotonic() - _NAP / 2
        self._looked, self._there = arrived, count


class Microphone(_Polled):
    """MicrophoneStream over RawInputStream."""

    def read(self, into: NDArray[np.int16]) -> bool:
        try:
            self._wait(len(into), lambda: self._stream.read_available)
            samples, overflowed = self._stream.read(len(into))
            self._there -= len(into)
        except self._error as error:
            raise self._failed(error) from error
        into.reshape(-1)[:] = np.frombuffer(samples, dtype=np.int16)
        return overflowed


class Speaker(_Polled):
    """SpeakerStream over RawOutputStream."""

    def wait(self, frames: int) -> None:
        try:
            self._wait(frames, lambda: self._stream.write_available)
        except self._error as error:
            raise self._failed(error) from error

    def write(self, block: NDArray[np.int16]) -> bool:
        self.wait(len(block))
        try:
            gap = self._stream.write(block)
            self._there -= len(block)
        except self._error as error:
            raise self._failed(error) from error
        return gap


def ours(direction: str, wanted: str, error: Exception) -> SoundError:
    """A PortAudioError as SoundError `<direction>-busy` or `<direction>-failed`."""
    busy = len(error.args) > 1 and error.args[1] == _UNAVAILABLE
    return SoundError(f"{direction} {wanted!r}: {error}", code=f"{direction}-{'busy' if busy else 'failed'}")
