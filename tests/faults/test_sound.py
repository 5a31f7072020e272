"""The sound card fails under a call that goes on: real ALSA PCMs, the real media server, and a far end that hears and speaks."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import pytest

from kiosk.audio.card import PortAudioCard
from kiosk.audio.frames import RATE, Block
from kiosk.health import Area
from kiosk.machine.states import State
from kiosk.sim.wav import spoken
from tests.faults.conftest import Report
from tests.live.hall import PLAIN, SENTENCE, Hall, heard_whole
from tests.parts.align import align
from tests.parts.cable import Ear, Mouth
from tests.parts.far_end import FarEnd
from tests.parts.livekit_server import LiveKitServer
from tests.parts.pipewire import MICROPHONE, SPEAKER, PipeWire
from tests.parts.process import ROOT, guarded

ANSWER: Final = spoken("answer")
TOGGLE: Final = {"mode": "toggle"}
ENOUGH: Final = 0.5
"""The share of a sentence that proves that a direction is there: on busy cores the cable loses some by itself."""
FLOWING: Final = 80.0
"""Blocks a second of 100 that do so."""
ALONE, MIC_44K, SPEAKER_44K = "one_at_a_time", "listens_at_44100", "speaks_at_44100"
HAS_IT: Final = """
import sys, numpy
from kiosk.audio.card import PortAudioCard
stream = PortAudioCard().open_microphone(sys.argv[1], 0.02)
stream.read(numpy.zeros((480, stream.channels), dtype=numpy.int16))
print("mine", flush=True)
sys.stdin.read()
stream.close()
"""


@pytest.fixture(scope="module", autouse=True)
def pcms(card: PipeWire, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A microphone that one program at a time may open, and a card that takes 44.1 kHz alone."""
    folder = tmp_path_factory.mktemp("exclusive")
    library = folder / "libexclusive.so"
    command = ["cc", "-shared", "-fPIC", "-Wall", "-Werror", "-o", library, ROOT / "tests/parts/exclusive.c", "-l:libasound.so.2"]
    subprocess.run(command, check=True)
    card.define(f"""
pcm_hook_type.exclusive {{ lib "{library}" install exclusive }}
pcm.{ALONE} {{ type hooks slave.pcm {MICROPHONE} hooks.0 {{ type exclusive hook_args {{ lock "{folder}/lock" }} }} }}
pcm.{MIC_44K} {{ type pipewire capture_node "kiosk-mic" rate 44100 }}
pcm.{SPEAKER_44K} {{ type pipewire playback_node "kiosk-speaker" rate 44100 }}
""")
    PortAudioCard().rescan()


def on(microphone: str = MICROPHONE, speaker: str = SPEAKER) -> Mapping[str, Any]:
    """The audio section with these devices."""
    return {**PLAIN, "microphone": {"device": microphone}, "speaker": {"device": speaker}}


async def in_call(hall: Hall) -> FarEnd:
    agent = await hall.agent()
    await hall.call()
    hall.panel.release()
    return agent


def faults(hall: Hall) -> dict[Area, str]:
    return {area: fault.code for area, fault in hall.device.health.standing().items()}


def lights(hall: Hall) -> list[str]:
    """What the LED has shown, the present last."""
    return [str(happening.detail["indication"]) for _, happening in hall.happenings if happening.kind == "state"]


async def broken(hall: Hall, *areas: Area, limit: float = 5.0) -> float:
    """Wait until these areas' faults stand and the LED says so; the monotonic time."""
    return await hall.until(lambda: faults(hall).keys() >= {*areas} and lights(hall)[-1] == "fault", limit)


async def well(hall: Hall, limit: float = 15.0) -> float:
    """Wait until nothing is wrong and the LED says so; the monotonic time."""
    return await hall.until(lambda: not faults(hall) and lights(hall)[-1] == "listening", limit)


async def rate(hall: Hall, area: Area, seconds: float = 1.0) -> float:
    """Blocks a second in a direction, of 100."""

    def blocks() -> int:
        figures = hall.device.sound.figures()
        return figures.blocks_captured if area is Area.MICROPHONE else figures.blocks_played

    began, before = time.monotonic(), blocks()
    await asyncio.sleep(seconds)
    return (blocks() - before) / (time.monotonic() - began)


def one_call(hall: Hall) -> bool:
    """The call that began is the one that goes on."""
    return hall.state is State.LIVE and len(hall.api.requests) == 1


async def best(attempt: Callable[[], Awaitable[float]]) -> float:
    """The best of up to three."""
    shares = [await attempt()]
    while max(shares) < ENOUGH and len(shares) < 3:
        shares.append(await attempt())
    return max(shares)


async def speaks(hall: Hall, agent: FarEnd) -> float:
    """The share of a sentence spoken now into the microphone that the agent hears."""
    with Mouth() as mouth, Ear(MICROPHONE) as hall.tap:
        await asyncio.sleep(0.3)
        begun = await asyncio.to_thread(mouth.say, SENTENCE)
        await asyncio.sleep(len(SENTENCE) / RATE + 1.5)
        result = await heard_whole(hall, agent, begun)
    return 1.0 - result.lost_ms / result.speech_ms


async def answers(agent: FarEnd) -> float:
    """The share of the agent's sentence that is heard at the speaker."""
    with Ear() as ear:
        begun = await agent.play(ANSWER)
        await asyncio.sleep(len(ANSWER) / RATE + 1.0)
        heard: Block = ear.heard(begun - 0.1)
        result = await asyncio.to_thread(align, ANSWER, heard)
    return 1.0 - result.lost_ms / result.speech_ms


@pytest.mark.parametrize(
    "pcm",
    [
        pytest.param(MICROPHONE, marks=pytest.mark.fault("mic-unplugged")),
        pytest.param(SPEAKER, marks=pytest.mark.fault("speaker-unplugged")),
    ],
)
async def test_an_unplugged_device_is_seen_and_taken_again_while_the_other_goes_on(
    server: LiveKitServer, card: PipeWire, report: Report, pcm: str
) -> None:
    area, other = (Area.MICROPHONE, Area.SPEAKER) if pcm == MICROPHONE else (Area.SPEAKER, Area.MICROPHONE)
    async with Hall(server, audio=on(), talk=TOGGLE) as hall:
        agent = await in_call(hall)
        unplugged = time.monotonic()
        await asyncio.to_thread(card.unplug, pcm)
        try:
            seen = await broken(hall, area) - unplugged
            # Long enough for several attempts in vain.
            flowing = await rate(hall, other, 4.0)
            assert faults(hall).keys() == {area}
        finally:
            plugged = time.monotonic()
            await asyncio.to_thread(card.plug, pcm)
        back = await well(hall) - plugged
        again = await best(lambda: speaks(hall, agent) if area is Area.MICROPHONE else answers(agent))
        held = one_call(hall) and flowing > FLOWING and again > ENOUGH
        figures = f"seen in {seen:.1f} s, back in {back:.1f} s, {again:.0%} of a sentence heard then; the {other} meanwhile {flowing:.0f} %"
        report(figures, held and seen < 2.0 and back < 5.0)


@contextmanager
def another_program(pcm: str) -> Generator[subprocess.Popen[bytes]]:
    """One that has the PCM open until its stdin is closed."""
    argv = guarded([sys.executable, "-c", HAS_IT, pcm])
    with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        try:
            assert program.stdout is not None
            assert program.stdout.readline() == b"mine\n"
            yield program
        finally:
            program.kill()


@pytest.mark.fault("device-busy")
async def test_a_device_that_another_program_has_is_taken_once_it_is_free(server: LiveKitServer, report: Report) -> None:
    with another_program(ALONE) as program:
        async with Hall(server, audio=on(microphone=ALONE), talk=TOGGLE) as hall:
            assert faults(hall) == {Area.MICROPHONE: "microphone-busy"}
            agent = await in_call(hall)
            flowing = await rate(hall, Area.SPEAKER)
            assert faults(hall) == {Area.MICROPHONE: "microphone-busy"}
            assert program.stdin is not None
            program.stdin.close()
            await asyncio.to_thread(program.wait, 10)
            freed = time.monotonic()
            back = await well(hall) - freed
            heard = await best(lambda: speaks(hall, agent))
            held = one_call(hall) and flowing > FLOWING and heard > ENOUGH and back < 5.0
            report(f"named, the speaker meanwhile {flowing:.0f} %; back {back:.1f} s after it is free", held)


@pytest.mark.fault("device-rate")
async def test_a_card_that_takes_44100_hz_alone_is_resampled_both_ways(server: LiveKitServer, report: Report) -> None:
    await asyncio.to_thread(takes_44100_hz)
    async with Hall(server, audio=on(MIC_44K, SPEAKER_44K), talk=TOGGLE) as hall:
        agent = await in_call(hall)
        up, down = await best(lambda: speaks(hall, agent)), await best(lambda: answers(agent))
        held = one_call(hall) and not faults(hall) and min(up, down) > ENOUGH
        report(f"44.1 kHz: {up:.0%} of a sentence heard at the agent, {down:.0%} of one at the speaker", held)


def takes_44100_hz() -> None:
    """What the test rests on: the devices' own rate."""
    for stream in (PortAudioCard().open_microphone(MIC_44K, 0.02), PortAudioCard().open_speaker(SPEAKER_44K, 0.02)):
        assert stream.rate == 44_100
        stream.close()


@pytest.mark.fault("sound-stalls")
async def test_sound_that_stands_still_without_an_error_is_seen(server: LiveKitServer, card: PipeWire, report: Report) -> None:
    async with Hall(server, audio=on(), talk=TOGGLE) as hall:
        await in_call(hall)
        card.freeze()
        stopped = time.monotonic()
        try:
            seen = await broken(hall, Area.MICROPHONE, Area.SPEAKER) - stopped
        finally:
            card.thaw()
        thawed = time.monotonic()
        back = await well(hall) - thawed
        flowing = min(await rate(hall, Area.MICROPHONE), await rate(hall, Area.SPEAKER))
        report(f"seen in {seen:.1f} s, back {back:.1f} s after it goes on", one_call(hall) and seen < 3.0 and flowing > FLOWING)


def starve(times: int, seconds: float) -> None:
    """Keep every thread of this process from Python for so long, so often: what a machine that is too busy does to it."""
    process = ctypes.PyDLL(None)
    for _ in range(times):
        process.usleep(round(seconds * 1e6))
        time.sleep(0.02)


@pytest.mark.fault("xruns")
async def test_a_burst_of_xruns_is_counted_and_told_once(server: LiveKitServer, report: Report, caplog: pytest.LogCaptureFixture) -> None:
    async with Hall(server, audio=on(), talk=TOGGLE) as hall:
        await in_call(hall)
        before = hall.device.sound.figures()
        with caplog.at_level(logging.WARNING):
            for _ in range(2):
                await asyncio.to_thread(starve, 5, 0.15)
                await asyncio.sleep(1.5)
        after = hall.device.sound.figures()
        lines = [record.message for record in caplog.records if record.name.startswith("kiosk")]
        counted = np.subtract((after.microphone_xruns, after.speaker_xruns), (before.microphone_xruns, before.speaker_xruns))
        flowing = min(await rate(hall, Area.MICROPHONE), await rate(hall, Area.SPEAKER))
        held = one_call(hall) and not faults(hall) and flowing > FLOWING and counted.sum() > 0 and len(lines) == 1
        report(f"10 of 150 ms: {counted[0]} counted at the microphone, {counted[1]} at the speaker, {len(lines)} log line, goes on", held)
