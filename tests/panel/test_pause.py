"""The panel's lines given free for a while, on gpiozero's mock pins and on simulated hardware."""

from __future__ import annotations

import asyncio

import pytest

from kiosk.config.model import ButtonConfig, LedConfig
from kiosk.errors import PanelError
from kiosk.panel.pins import Pins
from kiosk.signals import Indication
from kiosk.sim.panel import SimPanel
from tests.panel.conftest import Running
from tests.parts.header import Header

BUTTON = ButtonConfig(pin=17)
LED = LedConfig(pin=18, brightness=1.0)


async def test_while_paused_another_has_the_lines_and_then_they_are_ours_again(running: Running) -> None:
    header = Header()
    async with running(Pins(lambda: header), BUTTON, LED) as (panel, told):
        panel.show(Indication.LISTENING)
        assert header.pin(18).state == 1.0
        await panel.pause()
        edges: list[bool] = []
        other = Pins(lambda: header)
        line = other.open_button(BUTTON, edges.append)
        header.press()
        assert edges == [True]
        header.release()
        line.close()
        other.close()
        panel.resume()
        await asyncio.sleep(0.05)
        assert header.pin(18).state == 1.0
        header.press()
        await asyncio.sleep(0.01)
        assert told == ["press"]


@pytest.mark.looptime
async def test_paused_it_is_dark_and_hears_no_press(running: Running) -> None:
    sim = SimPanel()
    async with running(sim, BUTTON, LED) as (panel, told):
        panel.show(Indication.LISTENING)
        assert sim.level == 1.0
        await panel.pause()
        assert sim.level == 0.0
        sim.press()
        await asyncio.sleep(60)
        assert not panel.held
        sim.release()
        panel.resume()
        await asyncio.sleep(0.01)
        assert sim.level == 1.0
        assert told == []


@pytest.mark.looptime
async def test_what_was_broken_before_is_told_to_be_well_after(running: Running) -> None:
    sim = SimPanel()
    sim.led_fault = PanelError("taken", code="led-taken")
    async with running(sim, BUTTON, LED) as (panel, told):
        assert told == ["led: led-taken"]
        await panel.pause()
        sim.led_fault = None
        await asyncio.sleep(60)
        assert told == ["led: led-taken"]
        panel.resume()
        await asyncio.sleep(0.01)
        assert told == ["led: led-taken", "led: well"]


@pytest.mark.looptime
async def test_what_stays_broken_is_not_told_twice(running: Running) -> None:
    sim = SimPanel()
    sim.led_fault = PanelError("taken", code="led-taken")
    async with running(sim, BUTTON, LED) as (panel, told):
        for _ in range(3):
            await panel.pause()
            panel.resume()
            await asyncio.sleep(0.5)
        assert told == ["led: led-taken"]


@pytest.mark.looptime
async def test_pausing_before_it_runs_keeps_it_from_the_lines(running: Running) -> None:
    sim = SimPanel()
    async with running(sim, BUTTON, LED) as (panel, _):
        await panel.pause()
        await panel.pause()
        assert sim.on_edge is None
        panel.resume()
        panel.resume()
        await asyncio.sleep(0.01)
        assert sim.on_edge is not None
