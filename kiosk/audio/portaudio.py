"""The seam to sounddevice: what of it is used, typed, and how it is loaded. The only file that imports it."""

from __future__ import annotations

import atexit
import ctypes
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final, Protocol, TypedDict, cast

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

    @property
    def read_available(self) -> int: ...
    @property
    def write_available(self) -> int: ...
    def start(self) -> None: ...
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
    def _exit_handler(self) -> None: ...

    _libname: str


class Turn:
    """Who may open, close, begin and end PortAudio: one thread at a time in the whole process, and nobody ends it under an open stream."""

    LIMIT: Final = 3.0
    """Seconds to wait for another thread's opening or closing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._streams = 0

    @contextmanager
    def opening(self) -> Generator[None]:
        """Count one more stream, unless opening it raises; TimeoutError where another thread does not come back from the library."""
        with self._limited():
            yield
            self._streams += 1

    @contextmanager
    def closing(self) -> Generator[None]:
        """Count one stream less; waits as long as it takes, since a stream that is not closed keeps its device."""
        with self._lock:
            yield
            self._streams -= 1

    def list_again(self, library: Library) -> bool:
        """End and begin PortAudio, which freezes its list of devices at the beginning; False, and nothing done, while a stream is open."""
        try:
            with self._limited():
                if self._streams == 0:
                    library._terminate()  # pyright: ignore[reportPrivateUsage]  (sounddevice has no public name for it)
                    library._initialize()  # pyright: ignore[reportPrivateUsage]
                return self._streams == 0
        except TimeoutError:
            return False

    @contextmanager
    def _limited(self) -> Generator[None]:
        if not self._lock.acquire(timeout=self.LIMIT):
            raise TimeoutError("another thread is still inside the sound library")
        try:
            yield
        finally:
            self._lock.release()


TURN: Final = Turn()


def load() -> Library:
    """The module, imported now; raises OSError where PortAudio or ALSA is not installed.

    At exit it would end PortAudio whatever still runs inside; the kernel closes the devices as well.
    """
    _hush()
    import sounddevice  # noqa: PLC0415  (importing it lists the devices, and fails where PortAudio is missing)

    library = cast("Library", sounddevice)
    atexit.unregister(library._exit_handler)  # pyright: ignore[reportPrivateUsage]  (it has no public name)
    # A busy device would keep an opening inside for 2 s and more, and the other direction's outside: trying again is our own business.
    ctypes.CDLL(library._libname).PaAlsa_SetRetriesBusy(0)  # pyright: ignore[reportPrivateUsage]
    return library


def portaudio_version() -> str | None:
    """PortAudio's own, without beginning it, which would list the devices; None where it is not installed."""
    try:
        library = ctypes.CDLL("libportaudio.so.2")
    except OSError:
        return None
    library.Pa_GetVersionText.restype = ctypes.c_char_p
    text = cast(bytes, library.Pa_GetVersionText()).decode(errors="replace")
    return text.partition(",")[0].removeprefix("PortAudio ")


def _hush() -> None:
    """Keep libasound from writing every failed probe of a device to stderr, and so to the journal.

    Its handler is a C function; getpid(), which reads no arguments, stands in for one, since MemoryDenyWriteExecute forbids
    making one from Python.
    """
    alsa = ctypes.CDLL("libasound.so.2")
    alsa.snd_lib_error_set_handler(ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p))
