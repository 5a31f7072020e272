"""Both devices closed for a while: they are somebody else's meanwhile, nothing is told, and then they are ours again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest

from kiosk.audio.sound import Sound
from kiosk.config.model import AudioConfig, EarconConfig, VadConfig
from kiosk.sim.soundcard import SimulatedCard


class Rig:
    def __init__(self) -> None:
        self.card = SimulatedCard()
        self.config = AudioConfig.model_validate({"latency": "40ms"})
        self.sound = Sound(self.config, VadConfig(), EarconConfig(), self.card)
        self.faults: list[tuple[str, str | None]] = []
        self.sound.on_fault = lambda direction, error: self.faults.append((direction, error and error.code))

    @property
    def open(self) -> tuple[bool, bool]:
        return self.card.microphone.open, self.card.speaker.open

    async def until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not true():  # noqa: ASYNC110 -- anything may make it true
                await asyncio.sleep(0.01)


@asynccontextmanager
async def running() -> AsyncGenerator[Rig]:
    rig = Rig()
    task = asyncio.create_task(rig.sound.run())
    await rig.until(lambda: len(rig.sound.opened()) == 2)
    try:
        yield rig
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_both_are_closed_and_opened_again_without_a_word() -> None:
    async with running() as rig:
        await rig.sound.pause()
        assert rig.open == (False, False)
        assert rig.sound.opened() == {}
        await asyncio.sleep(1.5)
        assert rig.open == (False, False)
        rig.sound.resume()
        await rig.until(lambda: len(rig.sound.opened()) == 2)
        assert rig.faults == []


async def test_another_program_may_have_them_meanwhile() -> None:
    async with running() as rig:
        await rig.sound.pause()
        stream = rig.card.open_microphone("default", 0.04)
        await asyncio.sleep(0.5)
        stream.close()
        rig.sound.resume()
        await rig.until(lambda: rig.open == (True, True))
        assert rig.faults == []


async def test_a_reload_meanwhile_does_not_take_them_back() -> None:
    async with running() as rig:
        await rig.sound.pause()
        louder = AudioConfig.model_validate({"latency": "50ms"})
        await rig.sound.reconfigure(louder, VadConfig(), EarconConfig(), lambda: None)
        await asyncio.sleep(0.3)
        assert rig.open == (False, False)
        rig.sound.resume()
        await rig.until(lambda: rig.open == (True, True))


async def test_what_was_broken_before_is_not_tried_meanwhile() -> None:
    async with running() as rig:
        rig.card.microphone.unplug()
        await rig.until(lambda: rig.faults)
        await rig.sound.pause()
        opened, rescans = rig.card.speaker.opened, rig.card.rescans
        rig.card.microphone.replug()
        await asyncio.sleep(3)
        assert rig.open == (False, False)
        assert (rig.card.speaker.opened, rig.card.rescans) == (opened, rescans)
        rig.sound.resume()
        await rig.until(lambda: rig.open == (True, True))
        await rig.until(lambda: rig.faults[-1][1] is None)
