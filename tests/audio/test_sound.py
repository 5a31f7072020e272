"""The façade over the simulated card, in real time: what goes in comes out, and every fault is seen, said and mended."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import numpy as np
import pytest

from kiosk.audio.frames import BLOCK, RATE, Block, silence
from kiosk.audio.ports import MicrophoneStream, SpeakerStream
from kiosk.audio.sound import Sound
from kiosk.config.model import AudioConfig, EarconConfig, VadConfig
from kiosk.errors import SoundError
from kiosk.signals import Earcon
from kiosk.sim.soundcard import SimulatedCard


class Rig:
    """A Sound on a simulated card, and what it said."""

    def __init__(self, card: SimulatedCard) -> None:
        self.card = card
        self.sound = Sound(AudioConfig(), VadConfig(), EarconConfig(), card)
        self.sent: list[Block] = []
        self.faults: list[tuple[str, str | None, float]] = []
        self.drained = self.speech = 0
        self.sound.on_fault = lambda direction, error: self.faults.append((direction, error and error.code, time.monotonic()))
        self.sound.on_drained = self._drained
        self.sound.on_speech = self._speech

    def _drained(self) -> None:
        self.drained += 1

    def _speech(self) -> None:
        self.speech += 1

    def sink(self, block: Block) -> None:
        self.sent.append(block.copy())

    def said(self) -> list[tuple[str, str | None]]:
        return [(direction, code) for direction, code, _ in self.faults]

    async def until(self, condition: Callable[[], object], within: float) -> float:
        began = time.monotonic()
        while not condition():
            assert time.monotonic() - began < within, f"not within {within} s; faults: {self.said()}"
            await asyncio.sleep(0.01)
        return time.monotonic() - began

    async def flowing(self) -> None:
        """Both directions run."""
        before = self.sound.figures()
        await self.until(lambda: self.sound.figures().blocks_captured > before.blocks_captured + 5, 3.0)
        await self.until(lambda: self.sound.figures().blocks_played > before.blocks_played + 5, 3.0)


@asynccontextmanager
async def running(card: SimulatedCard | None = None) -> AsyncGenerator[Rig]:
    rig = Rig(card or SimulatedCard())
    task = asyncio.create_task(rig.sound.run())
    try:
        await rig.until(lambda: task.done() or rig.sound.figures().blocks_captured + rig.sound.figures().blocks_played > 20, 3.0)
        yield rig
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not [thread for thread in threading.enumerate() if thread.name in ("kiosk-microphone", "kiosk-speaker")]
        assert not rig.card.microphone.open
        assert not rig.card.speaker.open


def ramp(blocks: int) -> Block:
    """Loud samples that are all different from their neighbours, and never zero; every block about as loud as the others."""
    return (np.arange(1, blocks * BLOCK + 1) % 479 * 20 + 1).astype(np.int16)


@pytest.mark.parametrize("delay", [0.0, 0.7])
async def test_what_is_said_from_the_press_on_reaches_the_agent_whole(delay: float) -> None:
    async with running() as rig:
        rig.sound.open_microphone()
        rig.card.microphone.say(ramp(100))
        await asyncio.sleep(delay)
        rig.sound.connect(rig.sink)
        await asyncio.sleep(1.3 + delay)
        await rig.until(lambda: rig.sound.figures().backlog_ms == 0, 3.0)
        rig.sound.close_microphone()
        await rig.until(lambda: rig.drained, 1.0)
        sent = np.concatenate(rig.sent)
        assert np.array_equal(sent[sent != 0], ramp(100))
        await asyncio.sleep(0.1)
        assert not rig.sent[-1].any(), "silence is fed while the gate is closed"


async def test_take_recorded_and_discard() -> None:
    async with running() as rig:
        rig.sound.open_microphone()
        rig.card.microphone.say(ramp(20))
        await asyncio.sleep(0.4)
        recorded = np.frombuffer(rig.sound.take_recorded(), dtype=np.int16)
        assert np.array_equal(recorded[recorded != 0], ramp(20))
        rig.sound.discard()
        rig.card.microphone.say(ramp(5))
        rig.sound.connect(rig.sink)
        await asyncio.sleep(0.2)
        assert rig.sent
        assert not np.concatenate(rig.sent).any()


async def test_the_agents_voice_and_an_earcon_are_played() -> None:
    async with running() as rig:
        began = time.monotonic()
        for number in range(60):
            rig.sound.hear(np.roll(ramp(1), number))
            await asyncio.sleep(max(0.0, began + 0.01 * (number + 1) - time.monotonic()))
        assert rig.sound.figures().speaker_active
        assert rig.sound.figures().speaker_level > -50.0
        assert np.count_nonzero(rig.card.speaker.heard(began, time.monotonic())) > 0.45 * RATE
        await rig.until(lambda: not rig.sound.figures().speaker_active, 2.0)
        played = time.monotonic()
        rig.sound.play(Earcon.LISTENING)
        await asyncio.sleep(0.3)
        assert np.abs(rig.card.speaker.heard(played, time.monotonic()).astype(np.int32)).max() > 3000


async def test_other_rates_and_channels_are_converted() -> None:
    async with running(SimulatedCard(rate=44_100, channels=2)) as rig:
        tone = np.rint(8000 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)).astype(np.int16)
        rig.sound.open_microphone()
        rig.sound.connect(rig.sink)
        rig.card.microphone.say(tone)
        await asyncio.sleep(1.0)
        heard = np.concatenate(rig.sent[-50:]).astype(np.float64)
        assert int(np.abs(np.fft.rfft(heard, RATE)).argmax()) == pytest.approx(440, abs=2)


@pytest.mark.parametrize("end", ["microphone", "speaker"])
async def test_unplugged_and_replugged_is_said_and_mended_while_the_other_direction_goes_on(end: str) -> None:
    async with running() as rig:
        await rig.flowing()
        device = rig.card.microphone if end == "microphone" else rig.card.speaker
        other = (lambda: rig.sound.figures().blocks_played) if end == "microphone" else (lambda: rig.sound.figures().blocks_captured)
        device.unplug()
        assert await rig.until(lambda: rig.faults, 2.0) < 2.0
        await asyncio.sleep(1.0)
        before = other()
        await asyncio.sleep(1.0)
        assert other() - before > 80, "at most 200 ms of gap"
        assert rig.card.rescans == 1, "one look at what has gone, none for nothing"
        device.replug()
        assert await rig.until(lambda: rig.said()[-1] == (end, None), 5.0) < 5.0
        assert rig.said()[0] == (end, f"{end}-failed")
        assert {direction for direction, _ in rig.said()} == {end}
        assert rig.card.rescans == 2
        await rig.flowing()


async def test_a_busy_device_is_named_and_taken_when_it_is_free() -> None:
    card = SimulatedCard()
    card.speaker.busy = True
    async with running(card) as rig:
        await rig.until(lambda: rig.faults, 2.0)
        assert rig.said() == [("speaker", "speaker-busy")]
        card.speaker.busy = False
        await rig.until(lambda: rig.said()[-1] == ("speaker", None), 5.0)
        assert len(rig.faults) == 2
        assert card.rescans == 0


@pytest.mark.parametrize("end", ["microphone", "speaker"])
async def test_a_stall_without_an_error_is_seen_by_the_frame_clock(end: str) -> None:
    async with running() as rig:
        await rig.flowing()
        device = rig.card.microphone if end == "microphone" else rig.card.speaker
        device.stall()
        assert await rig.until(lambda: rig.faults, 3.0) < 3.0
        assert rig.said() == [(end, f"{end}-stalled")]
        device.resume()
        await rig.until(lambda: rig.said()[-1] == (end, None), 5.0)
        assert rig.sound.figures().threads_abandoned == 0


async def test_xruns_are_counted_and_nothing_else_happens() -> None:
    async with running() as rig:
        await rig.flowing()
        before = rig.sound.figures()
        rig.card.microphone.xrun(5)
        rig.card.speaker.xrun(3)
        await asyncio.sleep(0.3)
        after = rig.sound.figures()
        assert after.microphone_xruns - before.microphone_xruns >= 5
        assert after.speaker_xruns - before.speaker_xruns >= 3
        assert rig.faults == []


async def test_speech_recorded_while_the_microphone_is_reopened_is_not_sent_twice() -> None:
    async with running() as rig:
        rig.sound.open_microphone()
        rig.card.microphone.say(ramp(30))
        await asyncio.sleep(0.5)
        rig.card.microphone.unplug()
        await rig.until(lambda: rig.faults, 2.0)
        rig.card.microphone.replug()
        await rig.until(lambda: rig.said()[-1] == ("microphone", None), 5.0)
        rig.card.microphone.say(ramp(30))
        await asyncio.sleep(0.5)
        rig.sound.connect(rig.sink)
        await asyncio.sleep(1.5)
        sent = np.concatenate(rig.sent)
        assert np.array_equal(sent[sent != 0], np.concatenate([ramp(30), ramp(30)]))


class Deaf:
    """A stream whose read never comes back, whatever is done to it."""

    def __init__(self, release: threading.Event) -> None:
        self.rate, self.channels, self.latency, self.name = RATE, 1, 0.02, "deaf"
        self._release = release

    def read(self, into: Block) -> bool:
        self._release.wait()
        into[:] = 0
        return False

    def abort(self) -> None: ...
    def close(self) -> None: ...


class DeafOnce(SimulatedCard):
    """The first stream of the microphone hangs in the library."""

    def __init__(self) -> None:
        super().__init__()
        self.release = threading.Event()

    def open_microphone(self, device: str, latency: float, channel: int | None = None) -> MicrophoneStream:
        if self.microphone.opened == 0:
            self.microphone.opened = 1
            return Deaf(self.release)
        return super().open_microphone(device, latency)


async def test_a_thread_that_never_comes_back_is_given_up_counted_and_does_no_harm_later() -> None:
    card = DeafOnce()
    try:
        async with running(card) as rig:
            await rig.until(lambda: rig.said() == [("microphone", "microphone-stalled")], 8.0)
            await rig.until(lambda: rig.said()[-1] == ("microphone", None), 5.0)
            assert rig.sound.figures().threads_abandoned == 1
            card.release.set()
            await rig.flowing()
    finally:
        card.release.set()


async def test_a_device_that_comes_back_while_a_thread_is_stuck_is_not_promised() -> None:
    card = DeafOnce()
    try:
        async with running(card) as rig:
            await rig.until(lambda: rig.said() and rig.said()[-1] == ("microphone", None), 12.0)
            assert rig.sound.figures().threads_stuck == 1
            card.speaker.unplug()
            await rig.until(lambda: rig.said()[-1] == ("speaker", "speaker-stuck"), 2.0)
            await asyncio.sleep(1.0)
            assert card.rescans == 0, "the list cannot be renewed under a thread"
            card.release.set()
            await rig.until(lambda: card.rescans == 1, 5.0)
            card.speaker.replug()
            await rig.until(lambda: rig.said()[-1] == ("speaker", None), 5.0)
            assert rig.sound.figures().threads_stuck == 0
    finally:
        card.release.set()


class Broken(SimulatedCard):
    """A card with a fault of the program's own."""

    def open_speaker(self, device: str, latency: float) -> SpeakerStream:
        raise ZeroDivisionError


async def test_a_programming_error_is_not_mistaken_for_a_devices_fault() -> None:
    sound = Sound(AudioConfig(), VadConfig(), EarconConfig(), Broken())
    with pytest.raises(ExceptionGroup) as caught:
        await asyncio.wait_for(sound.run(), 5.0)
    assert isinstance(caught.value.exceptions[0], ZeroDivisionError)


async def test_the_callbacks_come_on_the_loops_thread() -> None:
    async with running() as rig:
        threads: list[int] = []
        rig.sound.on_drained = lambda: threads.append(threading.get_ident())
        rig.sound.connect(rig.sink)
        rig.sound.open_microphone()
        await asyncio.sleep(0.1)
        rig.sound.close_microphone()
        await rig.until(lambda: threads, 1.0)
        assert threads == [threading.get_ident()]


def test_a_sound_that_never_ran_answers() -> None:
    sound = Sound(AudioConfig(), VadConfig(), EarconConfig(), SimulatedCard())
    sound.open_microphone(0.5)
    sound.play(Earcon.BUSY)
    sound.hear(silence())
    sound.flush()
    assert sound.take_recorded() == b""
    assert sound.figures().blocks_captured == 0


class Hollow(SimulatedCard):
    """A speaker that, once it was unplugged, can be opened and takes a buffer's worth, though nobody plays it."""

    def open_speaker(self, device: str, latency: float) -> SpeakerStream:
        if self.speaker.plugged:
            return super().open_speaker(device, latency)
        return Buffer()


class Buffer:
    """Takes 100 ms, then nothing."""

    def __init__(self) -> None:
        self.rate, self.channels, self.latency, self.name = RATE, 1, 0.02, "hollow"
        self._left = 10
        self._aborted = threading.Event()

    def wait(self, frames: int) -> None:
        if not self._left:
            self._aborted.wait()
            raise SoundError("nothing", code="speaker-stalled")

    def write(self, block: Block) -> bool:
        self._left -= 1
        return False

    def abort(self) -> None:
        self._aborted.set()

    def close(self) -> None: ...


async def test_a_device_that_only_fills_a_buffer_is_not_taken_for_mended() -> None:
    async with running(Hollow()) as rig:
        await rig.flowing()
        rig.card.speaker.unplug()
        await rig.until(lambda: rig.faults, 2.0)
        await asyncio.sleep(4.0)
        assert rig.said() == [("speaker", "speaker-failed")], "neither mended in between nor told anew"
        rig.card.speaker.replug()
        await rig.until(lambda: rig.said()[-1] == ("speaker", None), 5.0)


def nothing() -> None:
    """No canceller."""


async def test_gains_and_tones_change_without_a_gap() -> None:
    async with running() as rig:
        rig.sound.open_microphone()
        rig.sound.connect(rig.sink)
        quieter = AudioConfig.model_validate({"microphone": {"gain": -20.0}})
        before = rig.sound.figures()
        await rig.sound.reconfigure(quieter, VadConfig(), EarconConfig(volume=0.0), nothing)
        rig.card.microphone.say(ramp(50))
        rig.sound.play(Earcon.LISTENING)
        played = time.monotonic()
        await asyncio.sleep(1.0)
        assert 900 < np.abs(np.concatenate(rig.sent)).max() < 1000
        assert not rig.card.speaker.heard(played, time.monotonic()).any()
        after = rig.sound.figures()
        assert (after.microphone_xruns, after.speaker_xruns) == (before.microphone_xruns, before.speaker_xruns)
        assert rig.faults == []


async def test_another_device_is_opened_and_the_other_direction_left_alone() -> None:
    async with running() as rig:
        await rig.flowing()
        made: list[int] = []
        opened = rig.card.microphone.opened, rig.card.speaker.opened
        other = AudioConfig.model_validate({"microphone": {"device": rig.card.microphone.name}, "echo_cancellation": False})
        await rig.sound.reconfigure(other, VadConfig(), EarconConfig(), lambda: made.append(1))
        await rig.flowing()
        assert (rig.card.microphone.opened, rig.card.speaker.opened) == (opened[0] + 1, opened[1])
        assert (made, rig.faults) == ([1], [])
