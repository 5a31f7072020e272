"""The panel over gpiozero's own mock pins: the same code as on a device, below the driver's face."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from kiosk.config.model import ButtonConfig, LedConfig
from kiosk.errors import PanelError
from kiosk.panel.pins import PWM_HZ, Factory, Pin, Pins
from kiosk.signals import Indication
from tests.panel.conftest import Running
from tests.parts.header import MockFactory, mock_factory

BUTTON = ButtonConfig(pin=17)
LED = LedConfig(pin=18, brightness=1.0)
NO_LED = LedConfig()
NO_BUTTON = ButtonConfig(pin=None)


@pytest.fixture
def factory() -> Iterator[MockFactory]:
    made = mock_factory()
    yield made
    made.reset()


async def test_a_press_on_a_pulled_up_line_comes_from_any_thread(running: Running, factory: MockFactory) -> None:
    async with running(Pins(lambda: factory), BUTTON, NO_LED) as (_, told):
        pin = factory.pin(17)
        assert pin.pull == "up"
        thread = threading.Thread(target=pin.drive_low)
        thread.start()
        thread.join()
        await asyncio.sleep(0.005)
        assert told == ["press"]
        pin.drive_high()
        await asyncio.sleep(0.03)
        assert told == ["press", "release"]


async def test_active_high_with_pull_down(running: Running, factory: MockFactory) -> None:
    async with running(Pins(lambda: factory), ButtonConfig(pin=22, pull="down", active="high"), NO_LED) as (_, told):
        assert factory.pin(22).pull == "down"
        factory.pin(22).drive_high()
        await asyncio.sleep(0.005)
        assert told == ["press"]


async def test_fifty_bounces_on_real_pins_are_one_press_at_once(running: Running, factory: MockFactory) -> None:
    async with running(Pins(lambda: factory), BUTTON, NO_LED) as (_, told):
        pin = factory.pin(17)
        for _ in range(50):
            pin.drive_low()
            pin.drive_high()
        pin.drive_low()
        await asyncio.sleep(0.1)
        assert told == ["press"]


async def test_single_led(running: Running, factory: MockFactory) -> None:
    async with running(Pins(lambda: factory), NO_BUTTON, LED) as (panel, _):
        pin = factory.pin(18)
        assert (pin.function, pin.frequency, pin.state) == ("output", PWM_HZ, 0.0)
        panel.show(Indication.LISTENING)
        assert pin.state == 1.0
        panel.show(Indication.OFF)
        assert pin.state == 0.0


@pytest.mark.parametrize("brightness", [0.01, 0.1, 0.6])
@pytest.mark.parametrize(("key", "lines"), [("pin", (18,)), ("rgb", (5, 6, 13))])
async def test_a_dim_led_is_not_dark(running: Running, factory: MockFactory, key: str, lines: tuple[int, ...], brightness: float) -> None:
    config = LedConfig.model_validate({key: lines if key == "rgb" else lines[0], "brightness": brightness})
    async with running(Pins(lambda: factory), NO_BUTTON, config) as (panel, _):
        for shown in (Indication.IDLE, Indication.ATTENTION, Indication.FAULT):
            panel.show(shown)
            # As gpiozero gives it to lgpio: in whole percents, the rest cut off.
            assert max(int(100 * factory.pin(number).state) for number in lines) >= 1


async def test_rgb_with_a_common_anode(running: Running, factory: MockFactory) -> None:
    led = LedConfig(rgb=(5, 6, 13), active_high=False, brightness=1.0)
    async with running(Pins(lambda: factory), NO_BUTTON, led) as (panel, _):
        panel.show(Indication.FAULT)
        assert [factory.pin(number).state for number in (5, 6, 13)] == [0.0, 1.0, 1.0]


async def test_the_end_frees_the_lines(running: Running, factory: MockFactory) -> None:
    async with running(Pins(lambda: factory), BUTTON, LED) as (panel, _):
        panel.show(Indication.LISTENING)
        led = factory.pin(18)
    assert (led.function, led.frequency) == ("input", None)
    async with running(Pins(lambda: factory), BUTTON, LED) as (_, told):
        factory.pin(17).drive_low()
        await asyncio.sleep(0.005)
        assert told == ["press"]


def refusal(driver: Pins, part: str, number: int, **more: str) -> PanelError:
    """What claiming this line leads to."""
    button = ButtonConfig.model_validate({"pin": number, **more})
    try:
        if part == "button":
            driver.open_button(button, lambda _pressed: None)
        else:
            driver.open_led(LedConfig(pin=number))
    except PanelError as error:
        return error
    raise AssertionError("nothing was refused")


class Refusing:
    """A factory of lgpio's manners: what it cannot do it says in words, in an exception of its own."""

    def __init__(self, words: str) -> None:
        self._words = words

    def pin(self, name: int) -> Pin:
        raise Exception(self._words)

    def close(self) -> None:
        return


@pytest.mark.parametrize("part", ["button", "led"])
def test_what_cannot_be_had_is_named(factory: MockFactory, part: str) -> None:
    assert refusal(Pins(lambda: factory), part, 45).code == f"{part}-missing"
    assert refusal(Pins(lambda: Refusing("'GPIO busy'")), part, 17).code == f"{part}-taken"
    assert refusal(Pins(lambda: Refusing("'bad GPIO number'")), part, 17).code == f"{part}-missing"


def test_one_line_is_not_both(factory: MockFactory) -> None:
    driver = Pins(lambda: factory)
    driver.open_button(BUTTON, lambda _pressed: None)
    error = refusal(driver, "led", 17)
    assert error.code == "led-taken"
    assert str(error) == "GPIO17 is the button's already"


def test_a_resistor_on_the_board_is_named(factory: MockFactory) -> None:
    error = refusal(Pins(lambda: factory), "button", 2, pull="down")
    assert error.code == "button-missing"
    assert "pull up" in error.hint


async def test_without_a_chip_both_parts_say_so(running: Running) -> None:
    def no_chip() -> Factory:
        raise PanelError("no gpiochip", code="gpio-missing")

    async with running(Pins(no_chip), BUTTON, LED) as (_, told):
        assert told == ["button: gpio-missing", "led: gpio-missing"]


async def test_bounce_is_bounce_however_long_the_press_keeps_the_loop_busy(running: Running, factory: MockFactory) -> None:
    async with running(Pins(lambda: factory), BUTTON, NO_LED) as (panel, told):
        pressed = panel.on_press

        def busy() -> None:
            pressed()
            time.sleep(3 * BUTTON.debounce)

        panel.on_press = busy
        pin = factory.pin(17)

        def bounce() -> None:
            for _ in range(5):
                pin.drive_low()
                time.sleep(0.001)
                pin.drive_high()
                time.sleep(0.001)
            pin.drive_low()

        await asyncio.to_thread(bounce)
        await asyncio.sleep(5 * BUTTON.debounce)
        assert told == ["press"]
