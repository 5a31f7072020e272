"""The links microphone, speaker and echo: judges at their limits, and a hall in which the speaker is heard."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk.audio.frames import RATE
from kiosk.audio.levels import ratio
from kiosk.config.model import Config
from kiosk.doctor import recording
from kiosk.doctor.acoustics import Echo, Noise
from kiosk.doctor.findings import Finding, Verdict
from kiosk.doctor.sound import judge_echo, judge_microphone, judge_speaker, microphone, speaker, way_back
from kiosk.doctor.visit import Visit
from kiosk.sim.soundcard import SimulatedCard, SimulatedMicrophone, SimulatedSpeaker
from tests.doctor.helpers import Actor, visit

GOOD = Noise(floor_dbfs=-60.0, peak_dbfs=-40.0, clipped=0.0, offset=0.0, dead=False)
VAD = {"talk": {"mode": "vad"}, "audio": {"noise_suppression": False}}


@pytest.mark.parametrize(
    ("noise", "lost", "voice", "asked", "config", "verdict", "words"),
    [
        (GOOD, 0, None, False, {}, Verdict.OK, "card; noise -60 dBFS"),
        (GOOD, 0, -20.0, True, {}, Verdict.OK, "a voice -20 dBFS"),
        (GOOD, 0, None, True, {}, Verdict.WARNING, "nobody was heard"),
        (replace(GOOD, dead=True), 0, None, False, {}, Verdict.FAILURE, "dead"),
        (replace(GOOD, dead=True), 0, None, True, {}, Verdict.FAILURE, "dead"),
        (replace(GOOD, dead=True), 0, -20.0, True, {}, Verdict.OK, "a voice"),
        (replace(GOOD, clipped=0.00099), 0, None, False, {}, Verdict.OK, ""),
        (replace(GOOD, clipped=0.001), 0, None, False, {}, Verdict.WARNING, "0.1% of it is clipped"),
        (replace(GOOD, clipped=0.0499), 0, None, False, {}, Verdict.WARNING, "clipped"),
        (replace(GOOD, clipped=0.05), 0, None, False, {}, Verdict.FAILURE, "5% of it is clipped"),
        (replace(GOOD, offset=0.0199), 0, None, False, {}, Verdict.OK, ""),
        (replace(GOOD, offset=-0.02), 0, None, False, {}, Verdict.WARNING, "an offset of -2.0%"),
        (replace(GOOD, floor_dbfs=-35.1), 0, None, False, {}, Verdict.OK, ""),
        (replace(GOOD, floor_dbfs=-35.0), 0, None, False, {}, Verdict.WARNING, "drowns"),
        (replace(GOOD, floor_dbfs=-50.0), 0, None, False, VAD, Verdict.WARNING, "above vad.level (-50 dBFS)"),
        (replace(GOOD, floor_dbfs=-50.1), 0, None, False, VAD, Verdict.OK, ""),
        (replace(GOOD, floor_dbfs=-50.0), 0, None, False, {"talk": {"mode": "vad"}}, Verdict.OK, ""),
        (replace(GOOD, floor_dbfs=-56.0), 0, None, False, {**VAD, "audio": {"noise_suppression": False, "microphone": {"gain": 6.0}}},
         Verdict.WARNING, "above vad.level"),
        (GOOD, 1, None, False, {}, Verdict.WARNING, "1 times some of it was lost"),
        (replace(GOOD, clipped=0.01, offset=0.1), 2, None, False, {}, Verdict.WARNING, "clipped; an offset of 10.0%; 2 times"),
    ],
)  # fmt: skip
def test_the_microphone(
    *, noise: Noise, lost: int, voice: float | None, asked: bool, config: Mapping[str, Any], verdict: Verdict, words: str
) -> None:
    settings = Config.model_validate({"session": {"agent_id": "a"}, **config})
    finding = judge_microphone(noise, lost, "card", voice, asked=asked, config=settings)
    assert (finding.verdict, words in finding.words) == (verdict, True), finding
    assert bool(finding.mend) is (verdict is not Verdict.OK)


@pytest.mark.parametrize(
    ("back", "listened", "heard", "verdict", "words"),
    [
        (Echo(40.0, 20.0), True, None, Verdict.OK, "heard back by the microphone"),
        (None, True, None, Verdict.WARNING, "not heard back"),
        (None, False, None, Verdict.WARNING, "the microphone could not listen"),
        (None, True, True, Verdict.OK, "heard by you, not by the microphone"),
        (None, False, True, Verdict.OK, "heard by you"),
        (None, True, False, Verdict.FAILURE, "nobody hears it"),
        (None, False, False, Verdict.FAILURE, "nobody hears it"),
    ],
)
def test_the_speaker(back: Echo | None, listened: bool, heard: bool | None, verdict: Verdict, words: str) -> None:
    finding = judge_speaker("card", back, listened=listened, heard=heard)
    assert (finding.verdict, words in finding.words) == (verdict, True), finding


@pytest.mark.parametrize(
    ("back", "cancelled", "verdict", "words"),
    [
        (None, True, Verdict.SKIPPED, "not heard back"),
        (Echo(43.2, 21.0), True, Verdict.OK, "back after 43 ms, 21 dB quieter than played"),
        (Echo(500.0, 21.0), True, Verdict.OK, "500 ms"),
        (Echo(500.1, 21.0), True, Verdict.WARNING, "takes 500 ms at most"),
        (Echo(43.0, 21.0), False, Verdict.WARNING, "the agent hears itself"),
        (Echo(43.0, 0.0), True, Verdict.OK, "0 dB quieter"),
        (Echo(43.0, -3.0), True, Verdict.WARNING, "3 dB louder than played"),
    ],
)
def test_the_echo(back: Echo | None, cancelled: bool, verdict: Verdict, words: str) -> None:
    finding = judge_echo(back, cancelled=cancelled)
    assert (finding.verdict, words in finding.words) == (verdict, True), finding


class HallMicrophone(SimulatedMicrophone):
    """Hears the speaker, after a while and quieter, and the hall's own noise."""

    def __init__(self, heard: SimulatedSpeaker, rate: int, channels: int, *, delay: float, attenuation: float, noise: float) -> None:
        super().__init__(rate, channels, 0.0)
        self._heard = heard
        self._delay = delay
        self._factor = ratio(-attenuation)
        self._noise = ratio(noise) * 32_768
        self._random = np.random.default_rng(1)

    def samples(self, position: int, count: int) -> NDArray[np.int16]:
        since = self.moment(position) - self._delay
        played = self._heard.heard(since, since + count / self.rate).astype(np.float64)
        played = np.interp(np.arange(count) / count, np.arange(len(played)) / len(played), played)
        sound = super().samples(position, count) + self._factor * played + self._noise * self._random.standard_normal(count)
        return np.clip(np.rint(sound), -32_768, 32_767).astype(np.int16)


class Hall(SimulatedCard):
    """A card whose two ends are in one hall."""

    def __init__(self, *, rate: int = RATE, channels: int = 1, delay: float = 0.1, attenuation: float = 20.0, noise: float = -70.0) -> None:
        super().__init__(rate=rate, channels=channels)
        self.microphone = HallMicrophone(self.speaker, rate, channels, delay=delay, attenuation=attenuation, noise=noise)


AUDIO = {"audio": {"latency": "60ms"}}


async def sounded(made: Visit) -> tuple[Finding, Finding, Finding]:
    return await microphone(made), await speaker(made), await way_back(made)


@pytest.mark.parametrize(("rate", "channels"), [(RATE, 1), (44_100, 2)])
async def test_in_a_hall_the_way_back_is_measured(rate: int, channels: int) -> None:
    async with visit(config=AUDIO, card=Hall(rate=rate, channels=channels)) as made:
        heard, played, back = await sounded(made)
    assert (heard.verdict, played.verdict, back.verdict) == (Verdict.OK,) * 3, (heard, played, back)
    assert heard.figures["noise_dbfs"] == pytest.approx(-70.0, abs=1.0)
    # Handed over up to a buffer and a block before it sounds, and back after 100 ms.
    assert 90 < float(str(back.figures["delay_ms"])) < 260
    assert back.figures["attenuation_db"] == pytest.approx(20.0, abs=1.5)


async def test_the_gain_of_the_configuration_is_played_and_reckoned_with() -> None:
    async with visit(config={"audio": {"latency": "60ms", "speaker": {"gain": -12.0}}}, card=Hall()) as made:
        _, _, back = await sounded(made)
    assert back.figures["attenuation_db"] == pytest.approx(20.0, abs=1.5)


async def test_a_headset_is_not_heard_back_and_a_person_is_asked() -> None:
    person = Actor(there=False)
    async with visit(config=AUDIO, card=SimulatedCard(), person=person) as made:
        heard, played, back = await sounded(made)
    assert heard.verdict is Verdict.FAILURE
    assert "dead" in heard.words
    assert (played.verdict, back.verdict) == (Verdict.WARNING, Verdict.SKIPPED)
    person = Actor(there=True, says=True)
    async with visit(config=AUDIO, card=SimulatedCard(), person=person) as made:
        assert (await speaker(made)).verdict is Verdict.OK
    assert person.told[-1] == "Did you hear a rising tone?"


async def test_somebody_speaks() -> None:
    card, person = Hall(noise=-60.0), Actor(there=True)
    voice = (np.random.default_rng(2).standard_normal(2 * RATE) * ratio(-25.0) * 32_768).astype(np.int16)
    async with visit(config=AUDIO, card=card, person=person) as made:
        testing = asyncio.create_task(microphone(made))
        async with asyncio.timeout(20):
            while "microphone: say something …" not in person.told:  # noqa: ASYNC110 -- nothing tells
                await asyncio.sleep(0.02)
        card.microphone.say(voice)
        finding = await testing
    assert finding.verdict is Verdict.OK, finding
    assert finding.figures["voice_dbfs"] == pytest.approx(-25.0, abs=1.5)
    assert max(person.levels) == pytest.approx(-25.0, abs=3.0)


async def test_nobody_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk.doctor.sound.SPEAKING", 0.5)
    async with visit(config=AUDIO, card=Hall(), person=Actor(there=True)) as made:
        finding = await microphone(made)
    assert (finding.verdict, finding.figures["voice_dbfs"]) == (Verdict.WARNING, None)


@pytest.mark.parametrize(("spoilt", "code"), [("unplug", "microphone-missing"), ("busy", "microphone-busy")])
async def test_a_microphone_that_cannot_be_had(spoilt: str, code: str) -> None:
    card = Hall()
    if spoilt == "busy":
        card.microphone.busy = True
    else:
        card.microphone.unplug()
    async with visit(config=AUDIO, card=card) as made:
        heard, played, _ = await sounded(made)
    assert (heard.verdict, heard.figures["code"], bool(heard.mend)) == (Verdict.FAILURE, code, True)
    assert (played.verdict, played.figures["heard_back"]) == (Verdict.WARNING, False)


async def test_a_speaker_that_cannot_be_had() -> None:
    card = Hall()
    card.speaker.unplug()
    async with visit(config=AUDIO, card=card) as made:
        assert (await speaker(made)).figures["code"] == "speaker-missing"
    assert not card.microphone.open


async def test_one_that_stalls_is_given_up_and_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "OPENING", 0.5)
    monkeypatch.setattr(recording, "LATE", 0.5)
    monkeypatch.setattr(recording, "CLOSING", 0.2)
    card = Hall()
    card.microphone.stall()
    card.speaker.stall()
    async with visit(config=AUDIO, card=card) as made:
        assert (await microphone(made)).figures["code"] == "microphone-stalled"
        made.lacking.add("microphone")
        assert (await speaker(made)).figures["code"] == "speaker-stalled"
    # A thread that was told to end does so when it gets a core.
    async with asyncio.timeout(5.0):
        while any(thread.name == "doctor" for thread in threading.enumerate()):  # noqa: ASYNC110  its end tells nobody
            await asyncio.sleep(0.01)
    assert (card.microphone.open, card.speaker.open) == (False, False)


async def test_one_that_is_pulled_out_meanwhile() -> None:
    card = Hall()
    async with visit(config=AUDIO, card=card) as made:
        testing = asyncio.create_task(microphone(made))
        await asyncio.sleep(1.0)
        card.microphone.unplug()
        finding = await testing
    assert (finding.verdict, finding.figures["code"]) == (Verdict.FAILURE, "microphone-failed")


async def test_gaps_are_counted() -> None:
    card = Hall()
    async with visit(config=AUDIO, card=card) as made:
        testing = asyncio.create_task(microphone(made))
        await asyncio.sleep(1.2)
        card.microphone.xrun(3)
        finding = await testing
    assert int(str(finding.figures["gaps"])) >= 3
    assert finding.verdict is Verdict.WARNING
