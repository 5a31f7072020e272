"""The watches over a button and over the sound card's losses, in virtual time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from kiosk.audio.sound import Sound, SoundFigures
from kiosk.config.model import AudioConfig, EarconConfig, VadConfig
from kiosk.health import Area, Health
from kiosk.machine.states import Kiosk, State
from kiosk.signals import Mode
from kiosk.sim.soundcard import SimulatedCard
from kiosk.watch import watch_button, watch_xruns

pytestmark = pytest.mark.looptime


@asynccontextmanager
async def watching(watch: Awaitable[None]) -> AsyncGenerator[None]:
    task = asyncio.ensure_future(watch)
    await asyncio.sleep(0)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


class Hand:
    """A button, a call, and what the health says of the button."""

    def __init__(self) -> None:
        self.held, self.state, self.health = False, State.IDLE, Health()

    def watched(self, mode: Mode) -> Awaitable[None]:
        return watch_button(lambda: self.held, lambda: mode, lambda: Kiosk(self.state), self.health)

    @property
    def fault(self) -> str | None:
        standing = self.health.standing().get(Area.BUTTON)
        return standing and standing.code


@pytest.mark.parametrize("mode", ["toggle", "vad"])
async def test_a_button_is_stuck_after_10_s_until_it_comes_up(mode: Mode) -> None:
    hand = Hand()
    async with watching(hand.watched(mode)):
        hand.held, hand.state = True, State.LIVE
        await asyncio.sleep(9.9)
        assert hand.fault is None
        await asyncio.sleep(0.5)
        assert hand.fault == "button-stuck"
        hand.held = False
        await asyncio.sleep(0.5)
        assert hand.fault is None


async def test_who_holds_the_talk_button_in_a_call_is_speaking() -> None:
    hand = Hand()
    async with watching(hand.watched("hold")):
        hand.held, hand.state = True, State.LIVE
        await asyncio.sleep(1000.0)
        assert hand.fault is None
        hand.state = State.IDLE
        await asyncio.sleep(9.5)
        assert hand.fault is None
        await asyncio.sleep(1.0)
        assert hand.fault == "button-stuck"


async def test_a_talk_button_that_is_held_from_the_start_is_stuck() -> None:
    hand = Hand()
    hand.held = True
    async with watching(hand.watched("hold")):
        await asyncio.sleep(10.5)
        assert hand.fault == "button-stuck"


async def test_a_lost_button_keeps_its_own_fault() -> None:
    hand = Hand()
    async with watching(hand.watched("toggle")):
        hand.held = True
        await asyncio.sleep(10.5)
        hand.held = False
        hand.health.report(Area.BUTTON, "button-missing")
        await asyncio.sleep(60.0)
        assert hand.fault == "button-missing"


async def test_short_presses_add_up_to_nothing() -> None:
    hand = Hand()
    async with watching(hand.watched("toggle")):
        for _ in range(20):
            hand.held = True
            await asyncio.sleep(5.0)
            hand.held = False
            await asyncio.sleep(0.5)
        assert hand.fault is None


async def test_lost_sound_is_one_line_a_minute_with_all_of_it(caplog: pytest.LogCaptureFixture) -> None:
    figures: SoundFigures = Sound(AudioConfig(), VadConfig(), EarconConfig(), SimulatedCard()).figures()

    def now() -> SoundFigures:
        return figures

    with caplog.at_level(logging.WARNING):
        async with watching(watch_xruns(now)):
            for _ in range(300):
                figures = replace(figures, microphone_xruns=figures.microphone_xruns + 2, speaker_xruns=figures.speaker_xruns + 1)
                await asyncio.sleep(0.5)
            await asyncio.sleep(61.0)
    lost = [record.args for record in caplog.records if "sound was lost" in record.message]
    assert len(lost) == 4
    assert tuple(map(sum, zip(*lost, strict=True))) == (600, 300)  # pyright: ignore[reportArgumentType, reportUnknownVariableType]
