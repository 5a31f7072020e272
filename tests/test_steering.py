"""Orders from outside, on a whole device in virtual time: they do what hands would, and the device says so."""

from __future__ import annotations

import asyncio

import pytest

from kiosk.control.orders import Order
from kiosk.machine.states import State
from kiosk.signals import Earcon, Indication
from tests.device import Rig

pytestmark = pytest.mark.looptime


async def test_a_press_and_a_release_go_the_buttons_way() -> None:
    async with Rig() as rig:
        said = rig.device.steering.obey(Order.PRESS, "uid 0")
        assert (said.said, said.state) == ("press: idle → connecting; the LED shows connecting", State.CONNECTING)
        await rig.live()
        assert rig.device.dispatcher.kiosk.microphone
        rig.device.steering.obey(Order.RELEASE, "uid 0")
        await asyncio.sleep(0.5)
        assert not rig.device.dispatcher.kiosk.microphone
        assert rig.device.steering.obey(Order.HANG_UP, "uid 0").said == "hangup: live → idle; the LED shows idle"


async def test_what_means_nothing_is_said_to_mean_nothing() -> None:
    async with Rig(talk={"mode": "toggle"}) as rig:
        steering = rig.device.steering
        assert steering.obey(Order.RELEASE, "uid 0").said == "release: means nothing in mode toggle"
        assert steering.obey(Order.HANG_UP, "uid 0").said == "hangup: there is no call"
        assert steering.obey(Order.UNMUTE, "uid 0").said == "unmute: the microphone is not muted already; the LED shows idle"
        assert rig.device.dispatcher.kiosk.state is State.IDLE


async def test_a_mute_silences_the_microphone_tells_the_room_and_outlives_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Rig() as rig:
        played: list[Earcon] = []
        monkeypatch.setattr(rig.device.sound, "play", played.append)
        capture = vars(rig.device.sound)["_capture"]
        steering = rig.device.steering
        steering.obey(Order.PRESS, "uid 0")
        await rig.live()
        steering.obey(Order.MUTE, "uid 0")
        await asyncio.sleep(0.01)
        assert capture.muted
        assert rig.calls[-1].muted[-1] is True
        assert rig.device.dispatcher.indication is Indication.MUTED
        steering.obey(Order.HANG_UP, "uid 0")
        assert rig.device.dispatcher.indication is Indication.MUTED
        played.clear()
        steering.obey(Order.PRESS, "uid 0")
        assert played == [Earcon.MICROPHONE]
        await rig.live()
        await asyncio.sleep(0.01)
        assert rig.calls[-1].muted[-1] is True
        assert steering.obey(Order.UNMUTE, "uid 0").indication is Indication.LISTENING
        await asyncio.sleep(0.01)
        assert not capture.muted
        assert rig.calls[-1].muted[-1] is False


async def test_the_volume_is_the_playouts_gain() -> None:
    async with Rig(audio={"speaker": {"gain": -3.0}}) as rig:
        steering = rig.device.steering
        assert steering.loudness().model_dump() == {"gain_db": -3.0, "configured_db": -3.0}
        steering.set_gain(6.0, "uid 0")
        assert steering.loudness().model_dump() == {"gain_db": 6.0, "configured_db": -3.0}
        assert (await steering.status()).sound.speaker_gain_db == 6.0


async def test_orders_are_in_the_journal_with_who_gave_them(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with Rig() as rig:
        rig.device.steering.obey(Order.MUTE, "uid 1000")
        rig.device.steering.set_gain(-6.0, "uid 1000")
    assert "mute, ordered by uid 1000" in caplog.messages
    assert "volume -6 dB, ordered by uid 1000" in caplog.messages
