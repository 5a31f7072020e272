"""The library's request door without its per-call cost: for what is asked a hundred times a second from an audio thread."""

from __future__ import annotations

import asyncio
import ctypes
import importlib
import threading
from collections.abc import Callable
from typing import Any, Protocol, cast

import numpy as np

from kiosk.audio.frames import BLOCK, RATE, Block


class _Handle(Protocol):
    handle: int


class _Owner(Protocol):
    _ffi_handle: _Handle


def handle_of(owner: object) -> int:
    """The native handle behind one of the library's objects."""
    return cast(_Owner, owner)._ffi_handle.handle  # pyright: ignore[reportPrivateUsage]  the library offers no public way


def _module(name: str) -> Any:  # noqa: ANN401  livekit's private modules have no stable types
    return importlib.import_module(f"livekit.rtc.{name}")


_callback = threading.local()


def _stay() -> None:
    """Keeps Python's state of the native thread that calls back for the next time.

    Otherwise it is made and unmade for each of 200 callbacks a second, memory mapping included. In two interleaved pairs of
    calls: 27.6 and 26.8 % of a core without this, 25.1 and 25.2 % with it.
    The library calls back from three threads that live as long as the process.
    """
    if not hasattr(_callback, "kept"):
        _callback.kept = True
        ctypes.pythonapi.PyGILState_Ensure()


class Repeated:
    """One request whose bytes never change, with a buffer of one block that the library reads (and may change) during the call.

    livekit.rtc builds, serialises and parses protobuf messages for each call; here that is done once. The native side has
    finished with the buffer when the call returns (livekit-ffi copies captured audio, and processes in place).
    Each object belongs to one thread at a time.
    """

    def __init__(self, fill: Callable[[Any, int], None]) -> None:
        """fill(request, address) writes the FfiRequest for a buffer at `address`."""
        self.block: Block = np.zeros(BLOCK, dtype=np.int16)
        client = _module("_ffi_client").FfiClient.instance
        request = _module("_proto.ffi_pb2").FfiRequest()
        fill(request, self.block.ctypes.data)
        self._bytes = cast(bytes, request.SerializeToString())
        self._length = len(self._bytes)
        self._data = ctypes.cast(ctypes.c_char_p(self._bytes), ctypes.POINTER(ctypes.c_ubyte))
        self._answer = ctypes.POINTER(ctypes.c_ubyte)()
        self._answer_length = ctypes.c_size_t()
        self._answer_at = ctypes.byref(self._answer)
        self._answer_length_at = ctypes.byref(self._answer_length)
        library = client._ffi_lib
        self._request = cast(Callable[..., int], library.livekit_ffi_request)
        self._drop = cast(Callable[[int], bool], library.livekit_ffi_drop_handle)

    def __call__(self) -> int:
        """Makes the call: the answer's length in bytes, -1 when the library refused it (the handle is gone)."""
        handle = self._request(self._data, self._length, self._answer_at, self._answer_length_at)
        if handle == 0:
            return -1
        length = self._answer_length.value
        self._drop(handle)
        return length


def capture_request(source: object) -> Repeated:
    """The request that gives one block to an rtc.AudioSource."""
    handle = handle_of(source)

    def fill(request: Any, address: int) -> None:  # noqa: ANN401  a protobuf message
        capture = request.capture_audio_frame
        capture.source_handle = handle
        capture.buffer.data_ptr = address
        capture.buffer.num_channels = 1
        capture.buffer.sample_rate = RATE
        capture.buffer.samples_per_channel = BLOCK

    return Repeated(fill)


def processing_request(module: object, *, reverse: bool) -> Repeated:
    """The request that lets an rtc.AudioProcessingModule process one block in place."""
    handle = handle_of(module)

    def fill(request: Any, address: int) -> None:  # noqa: ANN401  a protobuf message
        process = request.apm_process_reverse_stream if reverse else request.apm_process_stream
        process.apm_handle = handle
        process.data_ptr = address
        process.size = BLOCK * 2
        process.sample_rate = RATE
        process.num_channels = 1

    return Repeated(fill)


def spare_captures(room: object) -> None:
    """Keeps the callbacks of captured frames (100 a second, of no use to a room) from waking the room's task.

    rtc.Room subscribes to every native event but media streams'; each wakes the loop twice.
    """
    queue = _module("_ffi_client").FfiClient.instance.queue
    mine = vars(room).get("_ffi_queue")

    def wanted(event: Any) -> bool:  # noqa: ANN401  a protobuf message
        _stay()
        return event.WhichOneof("message") not in {"audio_stream_event", "video_stream_event", "capture_audio_frame"}

    with queue._lock:
        queue._subscribers = [(each, loop, wanted if each is mine else keep) for each, loop, keep in queue._subscribers]


def deliver(stream: object, take: Callable[[Block], None]) -> None:
    """Gives each block of an rtc.AudioStream to `take` on the library's own thread, and none of them to the event loop.

    The stream itself would wake the loop three times for each of its hundred blocks a second, and each waits there for its turn.
    Only the end of the stream still goes that way. `take` gets memory of its own; it must not wait and not raise.
    """
    client = _module("_ffi_client").FfiClient.instance
    mine, handle = vars(stream)["_ffi_queue"], handle_of(stream)
    drop = cast(Callable[[int], bool], client._ffi_lib.livekit_ffi_drop_handle)

    def ended(event: Any) -> bool:  # noqa: ANN401  a protobuf message
        _stay()
        if event.WhichOneof("message") != "audio_stream_event" or event.audio_stream_event.stream_handle != handle:
            return False
        if event.audio_stream_event.WhichOneof("message") != "frame_received":
            return True
        owned = event.audio_stream_event.frame_received.frame
        samples = ctypes.string_at(owned.info.data_ptr, 2 * owned.info.samples_per_channel * owned.info.num_channels)
        drop(owned.handle.id)
        if len(samples) == 2 * BLOCK:
            take(np.frombuffer(samples, dtype=np.int16))
        return False

    queue = client.queue
    with queue._lock:
        queue._subscribers = [(each, loop, ended if each is mine else keep) for each, loop, keep in queue._subscribers]


async def heard_out(left: object, limit: float) -> None:
    """Waits until an rtc.Room that was left has heard its last event: `limit` seconds, then it hears no more.

    One that the server ended is left before it knows: let go of too soon it would listen for ever, or stumble over the next event.
    """
    listening = cast("asyncio.Task[None] | None", vars(left).get("_task"))
    if listening is not None:
        await asyncio.wait({listening}, timeout=limit)
        listening.cancel()


def release(ended: object) -> None:
    """Lets go of an rtc.Room that was left or an rtc.AudioStream that was closed, here and now.

    Left to the garbage collector, its end takes a lock that the library's thread holds while it gives us sound, and the collector may come
    while our thread holds one that this sound waits for: both stand still for ever (seen once in about 1,300 sessions).
    """
    held = vars(ended)
    if (queue := held.get("_ffi_queue")) is not None:
        _module("_ffi_client").FfiClient.instance.queue.unsubscribe(queue)
    # What each of them looks at in its end: then there is nothing to be done.
    held["_ffi_handle" if "_text_stream_handlers" in held else "_ffi_queue"] = None


def subscribers() -> int:
    """How many queues listen to the native library: for tests that nothing stays behind."""
    return len(_module("_ffi_client").FfiClient.instance.queue._subscribers)
