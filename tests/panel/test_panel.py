"""The panel over simulated hardware, in virtual time."""

from __future__ import annotations

import asyncio

import pytest

from kiosk.config.model import ButtonConfig, LedConfig
from kiosk.errors import PanelError
from kiosk.panel.driver import Color
from kiosk.panel.led import GAMMA
from kiosk.panel.panel import Panel
from kiosk.signals import Indication
from kiosk.sim.panel import SimPanel
from tests.panel.conftest import Running

BUTTON = ButtonConfig()
LED = LedConfig(pin=18, brightness=1.0)
NO_LED = LedConfig()
MISSING = PanelError("no such line", code="led-missing")


def watch(sim: SimPanel) -> list[tuple[float, float]]:
    """(time, level) of every change of the light from now on."""
    seen: list[tuple[float, float]] = []

    def on_light(level: float, _color: Color) -> None:
        seen.append((round(asyncio.get_running_loop().time(), 3), level))

    sim.on_light = on_light
    return seen


@pytest.mark.looptime
async def test_bounce_is_one_press_and_one_release(running: Running) -> None:
    sim = SimPanel()
    async with running(sim, BUTTON, NO_LED) as (_, told):
        for _ in range(50):
            sim.press()
            await asyncio.sleep(0.0002)
            sim.release()
            await asyncio.sleep(0.0002)
        sim.press()
        await asyncio.sleep(1.0)
        assert told == ["press"]
        sim.release()
        await asyncio.sleep(0.001)
        assert told == ["press", "release"]


@pytest.mark.looptime
async def test_a_tap_within_the_window_is_whole(running: Running) -> None:
    sim = SimPanel()
    async with running(sim, BUTTON, NO_LED) as (_, told):
        sim.press()
        sim.release()
        await asyncio.sleep(0.001)
        assert told == ["press"]
        await asyncio.sleep(BUTTON.debounce)
        assert told == ["press", "release"]


@pytest.mark.looptime
async def test_held_at_the_start_waits_for_the_next_press(running: Running) -> None:
    sim = SimPanel()
    sim.contact = True
    async with running(sim, BUTTON, NO_LED) as (_, told):
        await asyncio.sleep(1.0)
        assert told == []
        sim.release()
        await asyncio.sleep(0.1)
        sim.press()
        await asyncio.sleep(0.1)
        assert told == ["release", "press"]


@pytest.mark.looptime
async def test_show_lights_before_it_returns_and_keeps_the_beat(running: Running) -> None:
    sim = SimPanel()
    async with running(sim, BUTTON, LED) as (panel, _):
        seen = watch(sim)
        start = round(asyncio.get_running_loop().time(), 3)
        panel.show(Indication.RECONNECTING)
        assert seen == [(start, 1.0)]
        await asyncio.sleep(1.25)
        beat = [(round(time - start, 3), level) for time, level in seen]
        assert beat == [(0.0, 1.0), (0.12, 0.0), (0.3, 1.0), (0.42, 0.0), (1.2, 1.0)]


@pytest.mark.looptime
async def test_showing_the_same_again_does_not_disturb_it(running: Running) -> None:
    sim = SimPanel()
    async with running(sim, BUTTON, LED) as (panel, _):
        panel.show(Indication.MUTED)
        seen = watch(sim)
        await asyncio.sleep(1.0)
        panel.show(Indication.MUTED)
        assert seen == []


@pytest.mark.looptime
async def test_a_steady_light_is_set_once(running: Running) -> None:
    sim = SimPanel()
    async with running(sim, BUTTON, LED) as (panel, _):
        seen = watch(sim)
        panel.show(Indication.LISTENING)
        await asyncio.sleep(3600.0)
        assert len(seen) == 1


@pytest.mark.looptime
async def test_brightness_is_even_to_the_eye(running: Running) -> None:
    sim = SimPanel()
    async with running(sim, BUTTON, LedConfig(pin=18, brightness=0.5)) as (panel, _):
        panel.show(Indication.LISTENING)
        assert sim.level == pytest.approx(0.5**GAMMA)
        assert sim.brightness == pytest.approx(0.5)
        assert sim.color == pytest.approx((0.0, 1.0, (0x40 / 255) ** GAMMA))


@pytest.mark.looptime
async def test_what_was_shown_before_the_led_was_there_appears(running: Running) -> None:
    sim = SimPanel()
    sim.led_fault = MISSING
    async with running(sim, BUTTON, LED) as (panel, told):
        panel.show(Indication.LISTENING)
        sim.led_fault = None
        await asyncio.sleep(5.0)
        assert sim.level == 1.0
        assert told == ["led: led-missing", "led: well"]


@pytest.mark.looptime
async def test_stopping_puts_the_led_out() -> None:
    sim = SimPanel()
    panel = Panel(BUTTON, LED, sim)
    panel.show(Indication.LISTENING)
    task = asyncio.create_task(panel.run())
    await asyncio.sleep(0.001)
    assert sim.level == 1.0
    task.cancel()
    await asyncio.wait([task])
    assert sim.level == 0.0
    assert sim.on_edge is None


@pytest.mark.looptime
async def test_a_missing_led_is_told_once_and_the_button_goes_on(running: Running) -> None:
    sim = SimPanel()
    sim.led_fault = MISSING
    async with running(sim, BUTTON, LED) as (panel, told):
        panel.show(Indication.IDLE)
        await asyncio.sleep(600.0)
        sim.press()
        await asyncio.sleep(0.001)
        assert told == ["led: led-missing", "press"]


@pytest.mark.looptime
async def test_a_missing_button_leaves_the_led(running: Running) -> None:
    sim = SimPanel()
    sim.button_fault = PanelError("taken", code="button-taken")
    async with running(sim, BUTTON, LED) as (panel, told):
        panel.show(Indication.LISTENING)
        assert (told, sim.level) == (["button: button-taken"], 1.0)


@pytest.mark.looptime
async def test_a_led_that_fails_while_it_shines_is_told_and_comes_back(running: Running) -> None:
    sim = SimPanel()
    async with running(sim, BUTTON, LED) as (panel, told):
        sim.led_fault = MISSING
        panel.show(Indication.LISTENING)
        await asyncio.sleep(0.001)
        assert told == ["led: led-missing"]
        sim.led_fault = None
        await asyncio.sleep(60.0)
        assert (told[1:], sim.level) == (["led: well"], 1.0)


@pytest.mark.looptime
async def test_no_button_and_no_led_is_no_error(running: Running) -> None:
    sim = SimPanel()
    sim.button_fault = sim.led_fault = MISSING
    async with running(sim, ButtonConfig(pin=None), NO_LED) as (panel, told):
        panel.show(Indication.FAULT)
        await asyncio.sleep(60.0)
        assert told == []


@pytest.mark.looptime
async def test_bounce_brightness_and_patterns_change_while_it_runs(running: Running) -> None:
    sim = SimPanel()
    async with running(sim, BUTTON, LED) as (panel, told):
        panel.show(Indication.LISTENING)
        assert sim.level == 1.0
        own = {"listening": {"color": "#ffffff", "steps": [[0.5, "1s"]]}}
        panel.reconfigure(ButtonConfig.model_validate({"debounce": "200ms"}), LedConfig(pin=18, brightness=0.5))
        assert sim.level == pytest.approx(0.5**GAMMA)
        panel.reconfigure(ButtonConfig.model_validate({"debounce": "200ms"}), LedConfig.model_validate({"pin": 18, "patterns": own}))
        assert sim.level == pytest.approx((0.5 * 0.6) ** GAMMA)
        sim.press()
        await asyncio.sleep(0.1)
        sim.release()
        await asyncio.sleep(0.05)
        assert told == ["press"]
        await asyncio.sleep(0.2)
        assert told == ["press", "release"]
