"""The LED's task and a change of what is shown, in the same turn of the event loop."""

from __future__ import annotations

import asyncio

import pytest

from kiosk.config.model import LedConfig
from kiosk.panel.led import Led
from kiosk.signals import Indication
from kiosk.sim.panel import SimPanel


@pytest.mark.looptime
@pytest.mark.parametrize("offset", [-1e-6, 0.0, 1e-6])
async def test_a_steady_pattern_shown_in_the_moment_of_a_step_is_played(offset: float) -> None:
    panel, loop = SimPanel(), asyncio.get_running_loop()
    config = LedConfig(pin=5)
    led = Led(config)
    led.attach(panel.open_led(config))
    led.show(Indication.CONNECTING)
    task = asyncio.create_task(led.run())
    loop.call_at(loop.time() + 0.125 + offset, led.show, Indication.LISTENING)
    await asyncio.sleep(1.0)
    assert not task.done()
    assert panel.level == pytest.approx(config.brightness**2.2)
    task.cancel()
