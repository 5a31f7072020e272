"""The seam to sounddevice: what of it is used, typed, and how it is loaded. The only file that imports it."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Protocol, TypedDict, cast

import numpy as np
from numpy.typing import NDArray


class Entry(TypedDict):
    """One device of the list."""

    name: str
    max_input_channels: int
    max_output_channels: int
    default_samplerate: float


class Host(TypedDict):
    """A host API (ALSA); an index is -1 where there is no default."""

    default_input_device: int
    default_output_device: int


class RawStream(Protocol):
    """RawInputStream and RawOutputStream."""

    latency: float

    def start(self) -> None: ...
    def abort(self) -> None: ...
    def close(self) -> None: ...
    def read(self, frames: int) -> tuple[memoryview, bool]: ...
    def write(self, data: NDArray[np.int16]) -> bool: ...


class Library(Protocol):
    """The module."""

    PortAudioError: type[Exception]

    def RawInputStream(self, **settings: object) -> RawStream: ...
    def RawOutputStream(self, **settings: object) -> RawStream: ...
    def query_devices(self) -> list[Entry]: ...
    def query_hostapis(self, index: int) -> Host: ...
    def check_input_settings(self, *, device: int, channels: int, dtype: str, samplerate: int) -> None: ...
    def check_output_settings(self, *, device: int, channels: int, dtype: str, samplerate: int) -> None: ...
    def _terminate(self) -> None: ...
    def _initialize(self) -> None: ...


def load() -> Library:
    """The module, imported now; raises OSError where PortAudio or ALSA is not installed."""
    _hush()
    import sounddevice  # noqa: PLC0415  (importing it lists the devices, and fails where PortAudio is missing)

    return cast("Library", sounddevice)


@contextmanager
def unheard() -> Generator[None]:
    """Keep off stderr, and so out of the journal, what PortAudio prints there for every attempt that fails; the error itself says it too.

    Anything else that the process writes to stderr in these milliseconds is lost with it.
    """
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def list_again(library: Library) -> None:
    """End and begin PortAudio, which freezes its list of devices at the beginning. No stream may be open."""
    library._terminate()  # pyright: ignore[reportPrivateUsage]  (sounddevice has no public name for it)
    library._initialize()  # pyright: ignore[reportPrivateUsage]


def _hush() -> None:
    """Keep libasound from writing every failed probe of a device to stderr, and so to the journal.

    Its handler is a C function; getpid(), which reads no arguments, stands in for one, since MemoryDenyWriteExecute forbids
    making one from Python.
    """
    alsa = ctypes.CDLL("libasound.so.2")
    alsa.snd_lib_error_set_handler(ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p))
