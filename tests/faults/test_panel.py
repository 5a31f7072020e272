"""The button and the LED misbehave below the driver's face, on gpiozero's own mock pins; a call is possible throughout."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from kiosk.app import Device, Edges
from kiosk.config.model import Config
from kiosk.config.secrets import Secret
from kiosk.edges import call_maker
from kiosk.health import Area
from kiosk.machine.events import Event, On
from kiosk.machine.states import State
from kiosk.panel.panel import Panel
from kiosk.panel.pins import Pins
from kiosk.session.tokens import Tokens
from kiosk.sim.soundcard import SimulatedCard
from kiosk.sim.world import API_KEY, World
from kiosk.system.notify import Notifier
from tests.faults.conftest import Report
from tests.parts.header import LED, Header

NOWHERE = 45
"""A line that no header has."""


class Stand:
    """A kiosk on the loopback world, its panel on a Header."""

    def __init__(self, world: World, header: Header, changes: dict[str, dict[str, Any]]) -> None:
        session = {"url": world.api_url, "agent_id": "stand", "requests_per_minute": 60, **changes.pop("session", {})}
        base: dict[str, dict[str, Any]] = {"session": session, "led": {"pin": LED}}
        config = Config.model_validate(base | changes)
        edges = Edges(
            card=SimulatedCard(),
            canceller=lambda _: None,
            panel=Panel(config.button, config.led, Pins(lambda: header)),
            tokens=Tokens(config.session, Secret(API_KEY)),
            call_maker=call_maker,
            notify=Notifier(),
        )
        self.world, self.header = world, header
        self.device = Device(config, edges, quit_now=lambda: None)
        self.states: list[tuple[float, str]] = []
        self.device.chronicle.listen(
            lambda happening: self.states.append((time.monotonic(), str(happening.detail["state"]))) if happening.kind == "state" else None
        )

    @property
    def state(self) -> State:
        return self.device.dispatcher.kiosk.state

    def fault(self, area: Area) -> str | None:
        """The code of the area's fault."""
        standing = self.device.health.standing().get(area)
        return standing and standing.code

    async def until(self, wanted: State | Callable[[], bool], limit: float = 10.0) -> float:
        """Wait for the state or condition; the monotonic time when it was seen."""
        end = time.monotonic() + limit
        while not (self.state is wanted if isinstance(wanted, State) else wanted()):
            assert time.monotonic() < end, f"still {self.state} after {limit:g} s; {self.device.health.standing()}"
            await asyncio.sleep(0.005)
        return time.monotonic()


@asynccontextmanager
async def standing(header: Header, **changes: dict[str, Any]) -> AsyncGenerator[Stand]:
    """`async with standing(header, talk={…}) as stand`: running; with a LED line unless the changes say otherwise."""
    async with World("silent") as world:
        stand = Stand(world, header, changes)
        running = asyncio.create_task(stand.device.run())
        try:
            yield stand
        finally:
            stand.device.dispatcher.post(Event(On.STOP))
            await running


@pytest.mark.fault("bounces")
async def test_fifty_bounces_are_one_press(report: Report) -> None:
    delays: list[float] = []
    async with standing(Header(), talk={"mode": "toggle"}) as stand:
        await stand.until(State.IDLE)
        for number in range(1, 4):
            seen = len(stand.states)
            began = await asyncio.to_thread(stand.header.bounce, 50, 0.02, pressed=True)
            await stand.until(State.LIVE)
            delays.append(next(at for at, state in stand.states[seen:] if state == "connecting") - began)
            await asyncio.to_thread(stand.header.bounce, 50, 0.02, pressed=False)
            await asyncio.sleep(0.1)
            assert stand.state is State.LIVE, "a second press would have ended the call"
            assert len(stand.world.api.requests) == number
            stand.header.press()
            await stand.until(State.IDLE)
            stand.header.release()
            await stand.until(lambda: not stand.device.edges.panel.held)
            await asyncio.sleep(0.1)
    middle = statistics.median(delays) * 1000
    report(f"3 times one press each; {middle:.0f} ms from the first edge to the call's beginning (median)", middle < 60.0)


async def stuck(stand: Stand, since: float) -> tuple[float, bool]:
    """How long after `since` the fault came, and whether one call was all that came of it, until the button comes up and works again."""
    named = await stand.until(lambda: stand.fault(Area.BUTTON) == "button-stuck", 30.0) - since
    await asyncio.sleep(3.0)
    held = len(stand.world.api.requests) == 1 and stand.fault(Area.BUTTON) == "button-stuck"
    stand.header.release()
    await stand.until(lambda: stand.fault(Area.BUTTON) is None, 1.0)
    return named, held


@pytest.mark.fault("button-stuck")
async def test_a_button_that_does_not_come_up_is_one_press_and_a_fault(report: Report) -> None:
    async with standing(Header(), talk={"mode": "toggle"}) as stand:
        await stand.until(State.IDLE)
        stand.header.press()
        pressed = time.monotonic()
        await stand.until(State.LIVE)
        named, held = await stuck(stand, pressed)
        assert stand.state is State.LIVE
        stand.header.press()
        await stand.until(State.IDLE, 1.0)
        stand.header.release()
    report(f"mode toggle: one call, named after {named:.1f} s, well again when it came up", held and 9.5 < named < 11.5)


@pytest.mark.slow
@pytest.mark.fault("button-stuck")
async def test_a_talk_button_that_does_not_come_up_ends_with_silence_and_is_a_fault_then(report: Report) -> None:
    async with standing(Header(), talk={"mode": "hold"}, session={"idle_timeout": "15s"}) as stand:
        await stand.until(State.IDLE)
        stand.header.press()
        await stand.until(State.LIVE)
        await asyncio.sleep(11.0)
        assert stand.fault(Area.BUTTON) is None, "somebody may be thinking with the button held"
        over = await stand.until(State.IDLE, 10.0)
        named, held = await stuck(stand, over)
    report(f"mode hold: one call, ended by silence, named {named:.1f} s after its end", held and 9.5 < named < 11.5)


@pytest.mark.fault("led-missing")
@pytest.mark.parametrize("how", ["missing", "taken"])
async def test_a_led_that_cannot_be_had_is_named_and_the_kiosk_works(report: Report, how: str) -> None:
    header = Header()
    header.taken = {LED} if how == "taken" else set()
    began = time.monotonic()
    async with standing(header, led={"pin": LED if how == "taken" else NOWHERE}, talk={"mode": "toggle"}) as stand:
        named = await stand.until(lambda: stand.fault(Area.LED) == f"led-{how}", 5.0) - began
        await stand.until(State.IDLE)
        stand.header.press()
        await stand.until(State.LIVE)
        stand.header.release()
        if how == "taken":
            header.taken.clear()
            await stand.until(lambda: stand.fault(Area.LED) is None and header.pin(LED).state > 0, 5.0)
    report(f"{how}: named in {named:.2f} s, a call all the same", named < 1.0)
