"""A sound card on the event loop's clock: each block is asked for by a sound thread and granted by a timer, in lockstep.

Blocks come sparsely where nothing sounds, so that hours pass in seconds; a tone is played at its own pace.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from kiosk.audio.frames import BLOCK_S, RATE
from kiosk.audio.ports import MicrophoneStream, SpeakerStream
from kiosk.errors import SoundError

Fault = Literal["unplugged", "stalled", "busy"]

SPARSE: Final = {"microphone": 0.2, "speaker": 0.1}
"""Virtual seconds between two blocks where nothing sounds: well below the second that counts as a stall."""
RINGING: Final = 50
"""Blocks of silence after which a tone is over: the longest rest within one has 30."""
_REAL: Final = 10.0
"""Real seconds that a thread may take to ask for its next block."""


class Gate:
    """Where the sound threads wait for the loop, and the loop for them."""

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._waiting: set[threading.Thread] = set()
        self._granted: set[threading.Thread] = set()
        self._closed = False

    def close(self) -> None:
        """Nobody waits any longer."""
        with self._turn:
            self._closed = True
            self._turn.notify_all()

    def wait(self, gone: Callable[[], bool]) -> bool:
        """For the next block (sound thread); False when the device is `gone` instead."""
        me = threading.current_thread()
        with self._turn:
            self._waiting.add(me)
            self._turn.notify_all()
            self._turn.wait_for(lambda: me in self._granted or self._closed or gone())
            self._waiting.discard(me)
            self._granted.discard(me)
            return not (self._closed or gone())

    def grant(self, thread: threading.Thread) -> None:
        """It may go on (loop's thread)."""
        with self._turn:
            if thread in self._waiting:
                self._granted.add(thread)
                self._turn.notify_all()

    def look(self) -> None:
        """Something else has changed."""
        with self._turn:
            self._turn.notify_all()

    def settle(self) -> None:
        """Return once every sound thread waits here or has ended."""
        threads: set[threading.Thread] = set()
        with self._turn:
            for _ in range(round(_REAL / 0.001)):
                threads = {thread for thread in threading.enumerate() if thread.name.startswith("kiosk-")}
                if threads <= self._waiting - self._granted:
                    return
                self._turn.wait(0.001)
        raise TimeoutError(f"threads do not come back: {threads}")


class End:
    """One direction; `fault` is what is wrong with it."""

    def __init__(self, direction: str, gate: Gate, pace: Callable[[], float]) -> None:
        self.direction = direction
        self.gate = gate
        self.stream: Stream | None = None
        self.listed = True
        self.fault: Fault | None = None
        self.since = 0.0
        """When `fault` became what it is, in the loop's time."""
        self._pace = pace

    def set(self, fault: Fault | None) -> None:
        """Break it or mend it (loop's thread)."""
        if fault != self.fault:
            self.fault, self.since = fault, asyncio.get_running_loop().time()
        self.gate.look()

    def acquire(self) -> None:
        """Open it; raises SoundError as a real card does."""
        if self.fault == "unplugged" or not self.listed:
            raise SoundError(f"no {self.direction}", code=f"{self.direction}-missing")
        if self.fault == "busy" or self.stream is not None:
            raise SoundError(f"the {self.direction} is in use", code=f"{self.direction}-busy")

    def tick(self) -> None:
        """Grant the next block, and come again."""
        if self.stream is not None and self.fault != "stalled":
            self.gate.grant(self.stream.thread)
        # Once the block has been played or heard.
        asyncio.get_running_loop().call_soon(self._again)

    def _again(self) -> None:
        asyncio.get_running_loop().call_later(self._pace(), self.tick)


class Stream:
    """What both streams share; the thread that opens it is the one that uses it."""

    rate, channels, latency = RATE, 1, 0.02

    def __init__(self, end: End) -> None:
        self.thread = threading.current_thread()
        self.name = end.direction
        self._end = end
        self._aborted = False
        end.stream = self

    def abort(self) -> None:
        self._aborted = True
        self._end.gate.look()

    def close(self) -> None:
        self._end.stream = None

    def take_turn(self) -> None:
        """Wait for the next block."""
        end = self._end
        if not end.gate.wait(lambda: self._aborted or end.fault in ("unplugged", "busy")):
            raise SoundError(f"the {end.direction} is gone", code=f"{end.direction}-failed")


class _Microphone(Stream):
    def read(self, into: NDArray[np.int16]) -> bool:
        self.take_turn()
        into[:] = 0
        return False


class _Speaker(Stream):
    def __init__(self, end: End, heard: Callable[[NDArray[np.int16]], None]) -> None:
        super().__init__(end)
        self._heard = heard

    def wait(self, frames: int) -> None:
        self.take_turn()

    def write(self, block: NDArray[np.int16]) -> bool:
        self._heard(block[:, 0].copy())
        return False


class VirtualCard:
    """SoundCard. `start()` once the loop runs; `played` are the blocks of tones, each with its moment, silence between them left out."""

    def __init__(self) -> None:
        self.gate = Gate()
        self.microphone = End("microphone", self.gate, lambda: SPARSE["microphone"])
        self.speaker = End("speaker", self.gate, lambda: BLOCK_S if self._quiet < RINGING else SPARSE["speaker"])
        self.played: list[tuple[float, NDArray[np.int16]]] = []
        self._quiet = RINGING

    def start(self) -> None:
        self._now = asyncio.get_running_loop().time
        for end in (self.microphone, self.speaker):
            end.tick()

    def open_microphone(self, device: str, latency: float, channel: int | None = None) -> MicrophoneStream:
        self.microphone.acquire()
        return _Microphone(self.microphone)

    def open_speaker(self, device: str, latency: float) -> SpeakerStream:
        self.speaker.acquire()
        return _Speaker(self.speaker, self._keep)

    def changed(self) -> bool:
        return any((end.fault != "unplugged") != end.listed for end in (self.microphone, self.speaker))

    def rescan(self) -> None:
        for end in (self.microphone, self.speaker):
            end.listed = end.fault != "unplugged"

    def _keep(self, block: NDArray[np.int16]) -> None:
        self._quiet = 0 if block.any() else min(RINGING, self._quiet + 1)
        if self._quiet < RINGING:
            self.played.append((self._now(), block))
