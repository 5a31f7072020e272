"""The real sound card: ALSA through PortAudio.

No callbacks: under systemd's MemoryDenyWriteExecute they cannot be made, and they have been seen to stop silently.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from kiosk.audio.convert import frames
from kiosk.audio.frames import RATE
from kiosk.audio.kernel import look
from kiosk.audio.names import Device, choose, narrowed
from kiosk.audio.portaudio import TURN, Library, RawStream, load
from kiosk.audio.stderr import STDERR
from kiosk.audio.streams import Microphone, Speaker, ours
from kiosk.errors import SoundError

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Listing:
    """The devices of one direction with the rates at which they would be opened."""

    devices: list[Device]
    default: int
    """Index of the library's default, -1 where there is none."""
    chosen: Device | None
    why_not: str
    """Why none is chosen."""


class PortAudioCard:
    """SoundCard over PortAudio. The library is loaded, and the devices are listed, at the first opening (0.1 to 1 s)."""

    def __init__(self) -> None:
        self._seen = look()

    def open_microphone(self, device: str, latency: float, channel: int | None = None) -> Microphone:
        """A MicrophoneStream at the device's own rate and channels."""

        def make(library: Library) -> Microphone:
            found = _find(library, "microphone", device, channel)
            return Microphone("microphone", found, library, _started(library.RawInputStream, found, latency))

        return self._open("microphone", device, make)

    def open_speaker(self, device: str, latency: float) -> Speaker:
        """A SpeakerStream at the device's own rate and channels."""

        def make(library: Library) -> Speaker:
            found = _find(library, "speaker", device)
            return Speaker("speaker", found, library, _started(library.RawOutputStream, found, latency))

        return self._open("speaker", device, make)

    def changed(self) -> bool:
        """Whether the kernel tells of more than it did when the devices were listed last."""
        return look().richer(self._seen)

    def rescan(self) -> None:
        """Look again; nothing happens while a stream is open anywhere in the process."""
        seen, library = look(), load()
        # Where that fails, the opening that follows says so.
        with STDERR.unheard(), contextlib.suppress(library.PortAudioError):
            if TURN.list_again(library):
                self._seen = seen

    def _open(self, direction: str, wanted: str, make: Callable[[Library], _T]) -> _T:
        try:
            library = load()
            try:
                with TURN.opening(), STDERR.unheard():
                    return make(library)
            except library.PortAudioError as error:
                raise ours(direction, wanted, error) from error
        except TimeoutError as error:
            raise SoundError(f"{direction} {wanted!r}: {error}", code=f"{direction}-stuck") from error
        except OSError as error:
            raise _without_sound(direction, error) from error


def _without_sound(direction: str, error: OSError) -> SoundError:
    return SoundError(f"PortAudio cannot be used: {error}", code=f"{direction}-failed", hint="apt install libportaudio2")


def _started(make: Callable[..., RawStream], device: Device, latency: float) -> RawStream:
    stream = make(
        samplerate=device.rate, blocksize=frames(device.rate), device=device.index, channels=device.channels, dtype="int16", latency=latency
    )
    try:
        stream.start()
    except BaseException:
        stream.close()
        raise
    return stream


def listing(direction: str, wanted: str, channel: int | None = None) -> Listing:
    """What there is now, and which of it a configuration that wants `wanted` gets. Raises SoundError where there is no sound at all.

    A device that a program has to itself, the daemon for one, may be missing: PortAudio lists what it can open.
    """
    try:
        library = load()
        with STDERR.unheard():
            devices, default = _listed(library, direction)
            devices = [replace(device, rate=_rate(library, direction, device)) for device in devices]
    except OSError as error:
        raise _without_sound(direction, error) from error
    try:
        chosen = narrowed(direction, choose(direction, wanted, devices, default, look()), channel)
        return Listing(devices, default, chosen, "")
    except SoundError as error:
        return Listing(devices, default, None, str(error))


def _find(library: Library, direction: str, wanted: str, channel: int | None = None) -> Device:
    devices, default = _listed(library, direction)
    found = narrowed(direction, choose(direction, wanted, devices, default, look()), channel)
    return replace(found, rate=_rate(library, direction, found))


def _listed(library: Library, direction: str) -> tuple[list[Device], int]:
    """The devices of one direction, and the default's index."""
    is_microphone = direction == "microphone"
    devices: list[Device] = []
    for index, entry in enumerate(library.query_devices()):
        channels = entry["max_input_channels"] if is_microphone else entry["max_output_channels"]
        if channels > 0:
            devices.append(Device(index, entry["name"], channels, round(entry["default_samplerate"])))
    host = library.query_hostapis(0)
    return devices, host["default_input_device"] if is_microphone else host["default_output_device"]


def _rate(library: Library, direction: str, device: Device) -> int:
    """48 kHz where the device takes it, else its default.

    PortAudio names 44.1 kHz as the default of every ALSA device that has it, which would cost a resampler and 11 ms.
    """
    check = library.check_input_settings if direction == "microphone" else library.check_output_settings
    try:
        check(device=device.index, channels=device.channels, dtype="int16", samplerate=RATE)
    except library.PortAudioError:
        return device.rate
    return RATE
