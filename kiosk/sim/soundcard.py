"""A sound card made of memory, paced in real time by an absolute clock: the demo's and the tests' SoundCard."""

from __future__ import annotations

import threading
import time
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kiosk.audio.frames import RATE, Block
from kiosk.audio.ports import MicrophoneStream, SpeakerStream
from kiosk.errors import SoundError

_SPOKEN: Final = 64
"""Sounds that may wait at the microphone at once."""
_BUFFER: Final = 0.2
"""Seconds that the microphone holds for a late reader; beyond that it overflows."""
_KEPT: Final = 60
"""Seconds that the speaker remembers."""
_NAP: Final = 0.05
"""Longest sleep in seconds between two looks at whether the device was taken away."""


class _End:
    """One direction: what can happen to it, and its clock. Position 0 is the moment the card was made; every method from any thread."""

    def __init__(self, direction: str, name: str, rate: int, channels: int, ppm: float) -> None:
        self.name = name
        self.rate = rate
        self.channels = channels
        self.ppm = ppm
        self.direction = direction
        self.plugged = self.listed = True
        self.busy = self.open = False
        self.opened = 0
        """How often it was opened."""
        self.lock = threading.Lock()
        self._flowing = threading.Event()
        self._flowing.set()
        self._glitches = 0
        self._epoch = time.monotonic()

    def unplug(self) -> None:
        """Take the device away: what is open fails, and the next opening finds nothing."""
        self.plugged = False

    def replug(self) -> None:
        """Put it back; it is found after the next rescan."""
        self.plugged = True

    def stall(self) -> None:
        """No more blocks and no error either, until resume()."""
        self._flowing.clear()

    def resume(self) -> None:
        """End a stall; the time in between is lost."""
        self._flowing.set()

    def xrun(self, count: int = 1) -> None:
        """Let the next `count` reads or writes report lost samples."""
        self._glitches += count

    def glitched(self) -> bool:
        """Whether this block is one of those."""
        if not self._glitches:
            return False
        self._glitches -= 1
        return True

    def position(self, moment: float) -> int:
        """The device's sample number at a monotonic time."""
        return round((moment - self._epoch) * self.rate * (1.0 + self.ppm * 1e-6))

    def moment(self, position: int) -> float:
        """The monotonic time of a sample."""
        return self._epoch + position / (self.rate * (1.0 + self.ppm * 1e-6))

    def acquire(self, wanted: str) -> None:
        """Open it by part of its name or `default`; raises SoundError as a real card does."""
        if not (self.plugged and self.listed) or (wanted != "default" and wanted.lower() not in self.name.lower()):
            raise SoundError(f"{self.direction} {wanted!r}: no such device", code=f"{self.direction}-missing")
        if self.busy or self.open:
            raise SoundError(f"{self.direction} {wanted!r}: in use by another program", code=f"{self.direction}-busy")
        self.open = True
        self.opened += 1

    def wait(self, moment: float, aborted: threading.Event) -> None:
        """Sleep until then, and as long as the device stalls; raises SoundError when it is taken away or aborted."""
        while True:
            if aborted.is_set() or not self.plugged:
                raise SoundError(f"{self.direction} {self.name!r}: the device is gone", code=f"{self.direction}-failed")
            left = moment - time.monotonic()
            if left <= 0 and self._flowing.is_set():
                return
            if self._flowing.is_set():
                time.sleep(min(left, _NAP))
            else:
                self._flowing.wait(_NAP)


class SimulatedMicrophone(_End):
    """Hears what a script says to it, at exact times; silence otherwise."""

    def __init__(self, rate: int, channels: int, ppm: float) -> None:
        super().__init__("microphone", "Simulated microphone", rate, channels, ppm)
        self._spoken: list[tuple[float, NDArray[np.float64]]] = []

    def say(self, samples: Block, at: float | None = None) -> float:
        """Play 48 kHz mono samples into it from the monotonic time `at` (default: now) on; returns that time. Sounds add up."""
        start = time.monotonic() if at is None else at
        with self.lock:
            now = self.position(time.monotonic() - _BUFFER)
            self._spoken = [sound for sound in self._spoken if sound[0] + len(sound[1]) * self.rate / RATE > now][-_SPOKEN:]
            self._spoken.append((float(self.position(start)), samples.astype(np.float64)))
        return start

    def hush(self) -> None:
        """Forget what is not heard yet."""
        with self.lock:
            self._spoken.clear()

    def samples(self, position: int, count: int) -> NDArray[np.int16]:
        """What it hears from a position on, native rate, shape (count,)."""
        heard = np.zeros(count)
        with self.lock:
            for start, sound in self._spoken:
                places = (position - start + np.arange(count)) * (RATE / self.rate)
                if places[-1] >= 0 and places[0] < len(sound):
                    heard += np.interp(places, np.arange(len(sound)), sound, left=0.0, right=0.0)
        return np.clip(np.rint(heard), -32_768, 32_767).astype(np.int16)


class SimulatedSpeaker(_End):
    """Keeps the last minute of what was played, each sample at its time."""

    def __init__(self, rate: int, channels: int, ppm: float) -> None:
        super().__init__("speaker", "Simulated speaker", rate, channels, ppm)
        self._ring = np.zeros(_KEPT * rate, dtype=np.int16)
        self._end = 0

    def heard(self, since: float, until: float) -> Block:
        """What sounded between two monotonic times, 48 kHz mono; zeros where nothing was played."""
        first, last = self.position(since), self.position(until)
        with self.lock:
            places = np.arange(first, last)
            known = (places < self._end) & (places >= self._end - len(self._ring)) & (places >= 0)
            native = np.where(known, self._ring[places % len(self._ring)], 0).astype(np.int16)
        if self.rate == RATE:
            return native
        wanted = np.arange(round(len(native) * RATE / self.rate)) * (self.rate / RATE)
        return np.rint(np.interp(wanted, np.arange(len(native)), native)).astype(np.int16)

    def keep(self, position: int, samples: NDArray[np.int16]) -> None:
        """Remember what sounds from a position on."""
        with self.lock:
            gap = min(max(0, position - self._end), len(self._ring))
            self._ring[np.arange(position - gap, position) % len(self._ring)] = 0
            self._ring[np.arange(position, position + len(samples)) % len(self._ring)] = samples
            self._end = position + len(samples)


class _Stream:
    """What both streams share."""

    def __init__(self, end: _End, latency: float) -> None:
        self.name, self.rate, self.channels, self.latency = end.name, end.rate, end.channels, latency
        self._end = end
        self._position = end.position(time.monotonic())
        self._aborted = threading.Event()

    def abort(self) -> None:
        self._aborted.set()

    def close(self) -> None:
        self._end.open = False


class _MicrophoneStream(_Stream):
    def __init__(self, microphone: SimulatedMicrophone, latency: float) -> None:
        super().__init__(microphone, latency)
        self._microphone = microphone

    def read(self, into: NDArray[np.int16]) -> bool:
        microphone, frames = self._microphone, len(into)
        microphone.wait(microphone.moment(self._position + frames), self._aborted)
        oldest = microphone.position(time.monotonic() - _BUFFER)
        lost = self._position < oldest - frames
        if lost:
            self._position = oldest
        into[:] = microphone.samples(self._position, frames)[:, np.newaxis]
        self._position += frames
        return microphone.glitched() or lost


class _SpeakerStream(_Stream):
    def __init__(self, speaker: SimulatedSpeaker, latency: float) -> None:
        super().__init__(speaker, latency)
        self._speaker = speaker
        self._started = False

    def wait(self, frames: int) -> None:
        self._speaker.wait(self._speaker.moment(self._position + frames) - self.latency, self._aborted)

    def write(self, block: NDArray[np.int16]) -> bool:
        self.wait(len(block))
        speaker = self._speaker
        now = speaker.position(time.monotonic())
        gap = self._position < now
        if gap:
            self._position = now
        speaker.keep(self._position, block[:, 0])
        self._position += len(block)
        ran_dry, self._started = gap and self._started, True
        return speaker.glitched() or ran_dry


class SimulatedCard:
    """SoundCard with one microphone and one speaker, each told by itself what is to happen to it; `ppm` is how fast their clock runs."""

    def __init__(self, *, rate: int = RATE, channels: int = 1, ppm: float = 0.0) -> None:
        self.microphone = SimulatedMicrophone(rate, channels, ppm)
        self.speaker = SimulatedSpeaker(rate, channels, ppm)
        self.rescans = 0

    def open_microphone(self, device: str, latency: float, channel: int | None = None) -> MicrophoneStream:
        """A MicrophoneStream with all its channels; `latency` is taken as said."""
        self.microphone.acquire(device)
        return _MicrophoneStream(self.microphone, latency)

    def open_speaker(self, device: str, latency: float) -> SpeakerStream:
        """A SpeakerStream; `latency` is the buffer between write and sound."""
        self.speaker.acquire(device)
        return _SpeakerStream(self.speaker, latency)

    def changed(self) -> bool:
        """Whether something was plugged in or out since the last rescan."""
        return any(end.plugged != end.listed for end in (self.microphone, self.speaker))

    def rescan(self) -> None:
        """See what is plugged in; a fault of the caller when anything is open."""
        if self.microphone.open or self.speaker.open:
            raise RuntimeError("rescan while a device is open")
        self.rescans += 1
        for end in (self.microphone, self.speaker):
            end.listed = end.plugged
