"""Open streams over a library that is made up: no call that could wait is made before there is room, and nobody else's thread is needed."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk.audio.frames import BLOCK, RATE
from kiosk.audio.names import Device
from kiosk.audio.portaudio import Library, Turn
from kiosk.audio.streams import Microphone, Speaker
from kiosk.errors import SoundError

DEVICE = Device(0, "made up", 2, RATE)


class LibraryError(Exception):
    """PortAudioError."""


class Raw:
    """A device that fills or empties at its rate, in steps of 5 ms; it fails the test when it is asked for more than it has."""

    latency = 0.02

    def __init__(self) -> None:
        self.moved = 0
        self.looks = 0
        self.dead = self.broken = False
        self._began = time.monotonic()

    @property
    def read_available(self) -> int:
        self.looks += 1
        if self.broken:
            raise LibraryError("Broken pipe")
        return 0 if self.dead else int((time.monotonic() - self._began) / 0.005) * 240 - self.moved

    write_available = read_available

    def read(self, frames: int) -> tuple[bytes, bool]:
        assert frames <= self.read_available, "this would have waited in the library"
        self.moved += frames
        return np.full((frames, 2), 7, dtype=np.int16).tobytes(), False

    def write(self, data: NDArray[np.int16]) -> bool:
        assert len(data) <= self.write_available, "this would have waited in the library"
        self.moved += len(data)
        return False


class Known:
    """The module, as far as a stream needs it; counts how often it was ended and begun."""

    PortAudioError = LibraryError

    def __init__(self) -> None:
        self.ended = 0

    def _terminate(self) -> None:
        self.ended += 1

    def _initialize(self) -> None: ...


def stream(kind: type[Microphone] | type[Speaker]) -> tuple[Any, Raw]:
    raw = Raw()
    return kind("microphone", DEVICE, cast("Library", Known()), cast("Any", raw)), raw


def step(opened: Microphone | Speaker, block: NDArray[np.int16]) -> bool:
    return opened.read(block) if isinstance(opened, Microphone) else opened.write(block)


@pytest.mark.parametrize("kind", [Microphone, Speaker])
def test_blocks_come_at_the_devices_pace_and_each_costs_a_look_or_two(kind: type[Microphone] | type[Speaker]) -> None:
    opened, raw = stream(kind)
    block = np.zeros((BLOCK, 2), dtype=np.int16)
    began = time.monotonic()
    for _ in range(50):
        assert step(opened, block) is False
    assert 0.48 < time.monotonic() - began < 0.6
    assert raw.looks < 50 * 4, "one look of these is the made-up device's own"
    assert isinstance(opened, Speaker) or block.min() == 7


def test_a_speaker_that_was_waited_for_is_written_to_at_once_and_without_another_look() -> None:
    opened, raw = stream(Speaker)
    block = np.zeros((BLOCK, 2), dtype=np.int16)
    began = time.monotonic()
    for _ in range(50):
        opened.wait(BLOCK)
        came, looks = time.monotonic(), raw.looks
        opened.write(block)
        assert time.monotonic() - came < 0.005
        assert raw.looks == looks + 1, "the made-up device's own"
    assert 0.48 < time.monotonic() - began < 0.6


@pytest.mark.parametrize("kind", [Microphone, Speaker])
def test_what_has_gathered_while_nobody_came_is_taken_without_a_wait(kind: type[Microphone] | type[Speaker]) -> None:
    opened, _ = stream(kind)
    block = np.zeros((BLOCK, 2), dtype=np.int16)
    time.sleep(0.105)
    began = time.monotonic()
    for _ in range(10):
        step(opened, block)
    assert time.monotonic() - began < 0.02


@pytest.mark.parametrize("kind", [Microphone, Speaker])
def test_a_device_that_gives_nothing_is_left_soon_after_the_word(kind: type[Microphone] | type[Speaker]) -> None:
    opened, raw = stream(kind)
    raw.dead = True
    threading.Timer(0.1, opened.abort).start()
    began = time.monotonic()
    with pytest.raises(SoundError, match="no more blocks") as caught:
        step(opened, np.zeros((BLOCK, 2), dtype=np.int16))
    assert caught.value.code == "microphone-stalled"
    assert time.monotonic() - began < 0.15


@pytest.mark.parametrize("kind", [Microphone, Speaker])
def test_the_librarys_error_becomes_ours(kind: type[Microphone] | type[Speaker]) -> None:
    opened, raw = stream(kind)
    raw.broken = True
    with pytest.raises(SoundError, match="Broken pipe") as caught:
        step(opened, np.zeros((BLOCK, 2), dtype=np.int16))
    assert caught.value.code == "microphone-failed"


@contextmanager
def opened_in(turn: Turn) -> Generator[None]:
    with turn.opening():
        pass
    yield
    with turn.closing():
        pass


def test_the_list_is_renewed_only_while_no_stream_is_open() -> None:
    turn, known = Turn(), Known()
    library = cast("Library", known)
    with opened_in(turn):
        assert not turn.list_again(library)
    assert known.ended == 0
    assert turn.list_again(library)
    assert known.ended == 1


def test_an_opening_that_fails_counts_for_nothing() -> None:
    turn = Turn()
    with pytest.raises(LibraryError), turn.opening():
        raise LibraryError
    assert turn.list_again(cast("Library", Known()))


def test_nobody_waits_for_ever_for_a_thread_that_stays_in_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Turn, "LIMIT", 0.05)
    turn, known = Turn(), Known()
    release, inside = threading.Event(), threading.Event()

    def hang() -> None:
        with turn.opening():
            inside.set()
            release.wait()

    thread = threading.Thread(target=hang)
    thread.start()
    inside.wait()
    try:
        with pytest.raises(TimeoutError, match="still inside"), turn.opening():
            raise AssertionError("two at a time")
        assert not turn.list_again(cast("Library", known))
        assert known.ended == 0
    finally:
        release.set()
        thread.join()
