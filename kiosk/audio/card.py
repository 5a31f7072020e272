"""The real sound card: ALSA through PortAudio's blocking reads and writes.

No callbacks: under systemd's MemoryDenyWriteExecute they cannot be made, and they have been seen to stop silently.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from kiosk.audio.convert import frames
from kiosk.audio.frames import RATE
from kiosk.audio.names import Device, choose
from kiosk.audio.portaudio import Library, list_again, load, unheard
from kiosk.errors import SoundError

_T = TypeVar("_T")


_CARDS: Final = Path("/proc/asound/cards")
_NODES: Final = Path("/dev/snd")
_UNAVAILABLE: Final = -9985
"""PortAudio's paDeviceUnavailable: what ALSA's EBUSY becomes."""
_MOST_CHANNELS: Final = 8
"""A device that claims more is a plugin that takes any number; it is opened with one."""
_LOCKED: Final = 5.0
"""Seconds to wait for another thread's opening or closing: PortAudio allows only one at a time."""


class PortAudioCard:
    """SoundCard over PortAudio. The library is loaded, and the devices are listed, at the first opening (0.1 to 1 s)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen = _present()

    def open_microphone(self, device: str, latency: float) -> _Microphone:
        """A MicrophoneStream at the device's own rate and channels."""
        return self._open("microphone", device, lambda library, found: _Microphone(self._lock, library, found, latency))

    def open_speaker(self, device: str, latency: float) -> _Speaker:
        """A SpeakerStream at the device's own rate and channels."""
        return self._open("speaker", device, lambda library, found: _Speaker(self._lock, library, found, latency))

    def changed(self) -> bool:
        """Whether the kernel's cards or their nodes are others than at the last look at the list of devices."""
        return _present() != self._seen

    def rescan(self) -> None:
        """End and begin PortAudio, which freezes its list at the beginning; every stream must be closed."""
        with self._lock:
            self._seen = _present()
            library = load()
            # Where that fails, the opening that follows says so.
            with unheard(), contextlib.suppress(library.PortAudioError):
                list_again(library)

    def _open(self, direction: str, wanted: str, make: Callable[[Library, Device], _T]) -> _T:
        if not self._lock.acquire(timeout=_LOCKED):
            raise SoundError("the sound library is still busy with another device", code=f"{direction}-busy")
        try:
            library = load()
            try:
                with unheard():
                    return make(library, _find(library, direction, wanted))
            except library.PortAudioError as error:
                raise _ours(direction, wanted, error) from error
        except OSError as error:
            raise SoundError(f"PortAudio cannot be used: {error}", code=f"{direction}-failed", hint="apt install libportaudio2") from error
        finally:
            self._lock.release()


class _Microphone:
    """MicrophoneStream over RawInputStream."""

    def __init__(self, lock: threading.Lock, library: Library, device: Device, latency: float) -> None:
        self.name, self.rate, self.channels = device.name, device.rate, device.channels
        self._lock, self._error = lock, library.PortAudioError
        self._stream = library.RawInputStream(
            samplerate=self.rate, blocksize=frames(self.rate), device=device.index, channels=self.channels, dtype="int16", latency=latency
        )
        self._stream.start()
        self.latency = self._stream.latency

    def read(self, into: NDArray[np.int16]) -> bool:
        try:
            samples, overflowed = self._stream.read(len(into))
        except self._error as error:
            raise _ours("microphone", self.name, error) from error
        into.reshape(-1)[:] = np.frombuffer(samples, dtype=np.int16)
        return overflowed

    def abort(self) -> None:
        self._stream.abort()

    def close(self) -> None:
        with self._lock:
            self._stream.close()


class _Speaker:
    """SpeakerStream over RawOutputStream."""

    def __init__(self, lock: threading.Lock, library: Library, device: Device, latency: float) -> None:
        self.name, self.rate, self.channels = device.name, device.rate, device.channels
        self._lock, self._error = lock, library.PortAudioError
        self._stream = library.RawOutputStream(
            samplerate=self.rate, blocksize=frames(self.rate), device=device.index, channels=self.channels, dtype="int16", latency=latency
        )
        self._stream.start()
        self.latency = self._stream.latency

    def write(self, block: NDArray[np.int16]) -> bool:
        try:
            return self._stream.write(block)
        except self._error as error:
            raise _ours("speaker", self.name, error) from error

    def abort(self) -> None:
        self._stream.abort()

    def close(self) -> None:
        with self._lock:
            self._stream.close()


def _find(library: Library, direction: str, wanted: str) -> Device:
    is_microphone = direction == "microphone"
    devices: list[Device] = []
    for index, entry in enumerate(library.query_devices()):
        channels = entry["max_input_channels"] if is_microphone else entry["max_output_channels"]
        if channels > 0:
            devices.append(Device(index, entry["name"], _taken(channels, is_microphone), round(entry["default_samplerate"])))
    host = library.query_hostapis(0)
    default = host["default_input_device"] if is_microphone else host["default_output_device"]
    found = choose(direction, wanted, devices, default, _cards())
    return replace(found, rate=_rate(library, found, is_microphone))


def _rate(library: Library, device: Device, is_microphone: bool) -> int:
    """48 kHz where the device takes it, else its default.

    PortAudio names 44.1 kHz as the default of every ALSA device that has it, which would cost a resampler and 11 ms.
    """
    check = library.check_input_settings if is_microphone else library.check_output_settings
    try:
        check(device=device.index, channels=device.channels, dtype="int16", samplerate=RATE)
    except library.PortAudioError:
        return device.rate
    return RATE


def _taken(channels: int, is_microphone: bool) -> int:
    if channels > _MOST_CHANNELS:
        return 1
    return channels if is_microphone else min(channels, 2)


def _ours(direction: str, wanted: str, error: Exception) -> SoundError:
    busy = len(error.args) > 1 and error.args[1] == _UNAVAILABLE
    return SoundError(f"{direction} {wanted!r}: {error}", code=f"{direction}-{'busy' if busy else 'failed'}")


def _cards() -> str:
    try:
        return _CARDS.read_text()
    except OSError:
        return ""


def _present() -> tuple[str, tuple[str, ...]]:
    nodes = sorted(node.name for node in _NODES.iterdir()) if _NODES.is_dir() else []
    return _cards(), tuple(nodes)
