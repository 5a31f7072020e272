"""The links button and LED: on gpiozero's mock pins, and on a simulated panel in virtual time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from kiosk.doctor.findings import Finding, Verdict
from kiosk.doctor.panel import PRESSING, WANTED, button, led
from kiosk.errors import PanelError
from kiosk.panel.pins import Pins
from kiosk.sim.panel import SimPanel
from tests.doctor.helpers import Actor, visit
from tests.parts.header import Header

LED = {"led": {"pin": 18}}
TAKEN = PanelError("GPIO17: busy", code="button-taken", hint="gpioinfo shows which")


async def pressed(panel: SimPanel, times: int, person: Actor) -> Finding:
    async with visit(person=person, driver=panel) as made:
        testing = asyncio.create_task(button(made))
        await asyncio.sleep(1.0)
        for _ in range(times):
            for contact in (True, False, True):
                (panel.press if contact else panel.release)()
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.2)
            panel.release()
            await asyncio.sleep(0.3)
        return await testing


@pytest.mark.looptime
async def test_three_presses_are_seen_and_their_bounce_measured() -> None:
    person = Actor(there=True)
    finding = await pressed(SimPanel(), WANTED, person)
    assert finding.verdict is Verdict.OK, finding
    assert finding.figures["presses"] == 3
    assert finding.figures["bounces"] == 6
    assert finding.figures["longest_bounce_ms"] == pytest.approx(2.0, abs=0.1)
    assert person.told[-1].endswith("●●●")
    assert asyncio.get_running_loop().time() < 4.0


@pytest.mark.looptime
@pytest.mark.parametrize(("times", "verdict"), [(0, Verdict.FAILURE), (1, Verdict.WARNING), (2, Verdict.WARNING)])
async def test_too_few_presses_end_with_the_limit(times: int, verdict: Verdict) -> None:
    finding = await pressed(SimPanel(), times, Actor(there=True))
    assert finding.verdict is verdict
    assert asyncio.get_running_loop().time() == pytest.approx(PRESSING, abs=0.2)


@pytest.mark.looptime
@pytest.mark.parametrize("there", [True, False])
async def test_a_button_that_is_pressed_already_is_stuck(there: bool) -> None:
    panel = SimPanel()
    panel.contact = True
    async with visit(person=Actor(there=there), driver=panel) as made:
        finding = await button(made)
    assert (finding.verdict, finding.figures) == (Verdict.FAILURE, {"stuck": True})
    assert panel.on_edge is None


@pytest.mark.looptime
async def test_without_a_terminal_nobody_is_asked() -> None:
    person = Actor()
    async with visit(person=person, config=LED, driver=SimPanel()) as made:
        findings = [await button(made), await led(made)]
    assert [finding.verdict for finding in findings] == [Verdict.SKIPPED] * 2
    assert all("terminal" in finding.words for finding in findings)
    assert not any("?" in text for text in person.told)


@pytest.mark.looptime
async def test_lines_that_cannot_be_had() -> None:
    panel = SimPanel()
    panel.button_fault = TAKEN
    panel.led_fault = PanelError("GPIO18: gone", code="led-missing")
    async with visit(config=LED, driver=panel) as made:
        first, second = await button(made), await led(made)
    assert (first.verdict, first.words, first.mend) == (Verdict.FAILURE, "GPIO17: busy", "gpioinfo shows which")
    assert (second.verdict, second.mend) == (Verdict.FAILURE, "correct led.pin or led.rgb")


@pytest.mark.looptime
async def test_a_led_that_fails_in_the_sweep() -> None:
    panel = SimPanel()

    def fail(_level: float, _color: object) -> None:
        panel.led_fault = PanelError("GPIO18: gone", code="led-missing")

    panel.on_light = fail
    async with visit(config=LED, driver=panel) as made:
        assert (await led(made)).verdict is Verdict.FAILURE


@pytest.mark.looptime
@pytest.mark.parametrize(("says", "verdict"), [(True, Verdict.OK), (False, Verdict.FAILURE), (None, Verdict.SKIPPED)])
async def test_the_sweep_and_what_is_said_of_it(says: bool | None, verdict: Verdict) -> None:
    panel, levels, person = SimPanel(), set[float](), Actor(there=True, says=says)
    panel.on_light = lambda level, _color: levels.add(round(level, 2))
    async with visit(person=person, config=LED, driver=panel) as made:
        assert (await led(made)).verdict is verdict
    assert {"led: starting …", "led: speaking …", "led: off …"} < set(person.told)
    assert len(levels) > 3
    assert panel.level == 0.0


@pytest.mark.looptime
async def test_what_is_not_configured_is_well() -> None:
    async with visit(config={"button": {"pin": None}}, person=Actor(there=True)) as made:
        assert [(await probe(made)).words for probe in (button, led)] == ["none configured"] * 2


async def test_on_real_pins(tmp_path: Path) -> None:
    header = Header()
    person = Actor(there=True, says=True)
    async with visit(tmp_path, person=person, driver=Pins(lambda: header)) as made:
        testing = asyncio.create_task(button(made))
        async with asyncio.timeout(10):
            while not any("press it now" in text for text in person.told):  # noqa: ASYNC110 -- nothing tells
                await asyncio.sleep(0.01)
        for _ in range(WANTED):
            await asyncio.to_thread(header.bounce, 5, 0.005, pressed=True)
            await asyncio.sleep(0.1)
            header.release()
            await asyncio.sleep(0.1)
        finding = await testing
    assert finding.verdict is Verdict.OK, finding
    assert finding.figures["presses"] == 3
    assert 0 < float(str(finding.figures["longest_bounce_ms"])) < 20


async def test_a_line_that_another_program_has(tmp_path: Path) -> None:
    header = Header()
    header.taken |= {17, 18}
    async with visit(tmp_path, config=LED, driver=Pins(lambda: header)) as made:
        assert [(await probe(made)).figures["code"] for probe in (button, led)] == ["button-taken", "led-taken"]
