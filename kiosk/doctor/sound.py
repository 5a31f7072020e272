"""The links microphone, speaker and echo."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Final

from kiosk.audio.frames import BLOCK_S
from kiosk.audio.ports import SoundCard
from kiosk.config.model import Config
from kiosk.doctor.acoustics import Echo, Noise, chirp, echo, loudest, noise
from kiosk.doctor.findings import Finding, broken, failure, ok, skipped, warning
from kiosk.doctor.recording import Playing, Take, played, reached, recording
from kiosk.doctor.visit import Visit
from kiosk.errors import SoundError

QUIET: Final = 200
"""Blocks of the noise: 2 s."""
SPEAKING: Final = 8.0
"""Seconds in which somebody should say something."""
LOUDER: Final = 10.0
"""dB by which a voice stands out of the noise."""
HEARD: Final = -45.0
"""dBFS from which a voice is well heard."""
ENOUGH: Final = 30
"""Blocks of it, 300 ms, after which the question is answered."""
CLIPPED: Final = 0.001
CLIPPED_BADLY: Final = 0.05
OFFSET: Final = 0.02
NOISY: Final = -35.0
"""dBFS of a hall in which nobody is understood."""
CANCELLED: Final = 500.0
"""ms: WebRTC's audio processing takes no longer delay than that (`set_stream_delay_ms`)."""
BEFORE: Final = 40
AFTER: Final = 90
"""Blocks of silence around the chirp; the latter is the longest way back that is seen."""
_MEND_LEVEL: Final = "set its level: alsamixer, F4; then sudo alsactl store"


def judge_microphone(noise: Noise, lost: int, device: str, voice: float | None, *, asked: bool, config: Config) -> Finding:
    """`voice`: dBFS of the loudest 300 ms while somebody was asked to speak; None where nobody was heard, or nobody `asked`."""
    figures = {
        "device": device,
        "noise_dbfs": round(noise.floor_dbfs, 1),
        "peak_dbfs": round(noise.peak_dbfs, 1),
        "clipped_share": round(noise.clipped, 5),
        "offset_share": round(noise.offset, 4),
        "gaps": lost,
        "voice_dbfs": None if voice is None else round(voice, 1),
    }
    said = f"{device}; noise {noise.floor_dbfs:.0f} dBFS"
    said += f", a voice {voice:.0f} dBFS" if voice is not None else ""
    if noise.dead and voice is None:
        mend = "is it switched off, or muted in alsamixer (F4)? is audio.microphone.channel the right one? else replace it"
        return failure("microphone", f"{device}: dead, every sample is the same", mend, **figures)
    if noise.clipped >= CLIPPED_BADLY:
        return failure("microphone", f"{said}; {noise.clipped:.0%} of it is clipped", _MEND_LEVEL, **figures)
    gain = config.audio.microphone.gain
    faults = [
        (noise.clipped >= CLIPPED, f"{noise.clipped:.1%} of it is clipped", _MEND_LEVEL),
        (abs(noise.offset) >= OFFSET, f"an offset of {noise.offset:.1%}", "replace the microphone or its card, or use another input"),
        (noise.floor_dbfs >= NOISY, "so loud that a voice drowns in it", f"look for hum and fans; {_MEND_LEVEL}"),
        (
            config.talk.mode == "vad" and not config.audio.noise_suppression and noise.floor_dbfs + gain >= config.vad.level,
            f"above vad.level ({config.vad.level:g} dBFS), so that it wakes the kiosk",
            "raise vad.level, or set audio.noise_suppression",
        ),
        (lost > 0, f"{lost} times some of it was lost", "raise audio.latency; look for what else keeps the processor busy"),
        (asked and voice is None, "and nobody was heard", f"speak up and try again; {_MEND_LEVEL}"),
    ]
    wrong = [(what, mend) for true, what, mend in faults if true]
    if wrong:
        return warning("microphone", "; ".join([said, *(what for what, _ in wrong)]), wrong[0][1], **figures)
    return ok("microphone", said, **figures)


def judge_speaker(device: str, back: Echo | None, *, listened: bool, heard: bool | None) -> Finding:
    """`back`: how the microphone heard it, where it `listened`; `heard`: what a person says, None where nobody does."""
    figures = {"device": device, "heard_back": back is not None, "heard_by_person": heard}
    if back is not None:
        return ok("speaker", f"{device}; heard back by the microphone", **figures)
    mend = "is it switched on, and the amplifier? raise its level: alsamixer, F3; correct audio.speaker.device"
    if heard is False:
        return failure("speaker", f"{device}; takes sound, but nobody hears it", mend, **figures)
    if heard:
        return ok("speaker", f"{device}; heard by you, not by the microphone", **figures)
    how = "not heard back" if listened else "the microphone could not listen"
    mend = f"with a headset or a far microphone that is right; else: {mend}"
    return warning("speaker", f"{device}; takes sound, but {how}", mend, **figures)


def judge_echo(back: Echo | None, *, cancelled: bool) -> Finding:
    """`cancelled`: the configuration has an echo canceller."""
    if back is None:
        return skipped("echo", "nothing to measure: the speaker was not heard back")
    figures = {"delay_ms": round(back.delay_ms, 1), "attenuation_db": round(back.attenuation_db, 1), "canceller": cancelled}
    louder = back.attenuation_db < 0
    said = f"back after {back.delay_ms:.0f} ms, {abs(back.attenuation_db):.0f} dB {'louder' if louder else 'quieter'} than played"
    if back.delay_ms > CANCELLED:
        mend = "use a sound card without long buffers, or a headset; Bluetooth is too slow"
        return warning("echo", f"{said}: the echo canceller takes {CANCELLED:.0f} ms at most", mend, **figures)
    if not cancelled:
        mend = "set audio.echo_cancellation, or keep the microphone from hearing the speaker"
        return warning("echo", f"{said}, and nothing takes it out: the agent hears itself", mend, **figures)
    if louder:
        mend = "turn the speaker down, or take it further from the microphone"
        return warning("echo", f"{said}, which leaves the canceller little of the visitor", mend, **figures)
    return ok("echo", said, **figures)


async def microphone(visit: Visit) -> Finding:
    """Listens for 2 s, and then to somebody, if anybody is there."""
    person = visit.means.person
    person.tell("microphone: quiet, please …")
    try:
        async with recording(_card(visit), visit.config.audio) as take:
            await reached(take, QUIET)
            quiet = noise(take.samples(), take.clipped)
            voice = await _voice(visit, take, quiet) if person.there else None
    except SoundError as error:
        return broken("microphone", error)
    return judge_microphone(quiet, take.lost, take.device, voice, asked=person.there, config=visit.config)


async def speaker(visit: Visit) -> Finding:
    """Plays a chirp, with the microphone open where that works."""
    person, config = visit.means.person, visit.config.audio
    card, take = _card(visit), None
    playing = Playing(card, config, chirp(), BEFORE, AFTER)
    person.tell("speaker: a rising tone …")
    async with AsyncExitStack() as stack:
        if "microphone" not in visit.lacking:
            try:
                take = await stack.enter_async_context(recording(card, config))
            except SoundError:
                take = None
        try:
            await played(playing)
        except SoundError as error:
            return broken("speaker", error)
        if take is not None:
            visit.echo = echo(playing.played, take.samples(), playing.began - take.began())
    heard = await person.ask("Did you hear a rising tone?", 20.0) if person.there and visit.echo is None else None
    return judge_speaker(playing.device, visit.echo, listened=take is not None, heard=heard)


async def way_back(visit: Visit) -> Finding:
    """What the speaker's test has measured."""
    return judge_echo(visit.echo, cancelled=visit.config.audio.echo_cancellation)


async def _voice(visit: Visit, take: Take, quiet: Noise) -> float | None:
    """dBFS of what somebody says, None where nobody does."""
    person, clock = visit.means.person, asyncio.get_running_loop().time
    threshold = max(HEARD, quiet.floor_dbfs + LOUDER)
    first, spoken, looked, end = take.length, 0, take.length, clock() + SPEAKING
    person.tell("microphone: say something …")
    while spoken < ENOUGH and clock() < end:
        await asyncio.sleep(5 * BLOCK_S)
        person.meter(take.level)
        blocks, looked = take.length - looked, take.length
        spoken += blocks if loudest(take.samples(take.length - blocks), max(1, blocks)) >= threshold else 0
    return loudest(take.samples(first)) if spoken >= ENOUGH else None


def _card(visit: Visit) -> SoundCard:
    return visit.means.card()
