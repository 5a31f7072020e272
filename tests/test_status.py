"""The status record, collected from a device whose rooms are fakes, in virtual time."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from kiosk.control.record import Status
from kiosk.errors import Retry, SessionError
from kiosk.health import Area
from kiosk.machine.events import Event, On
from kiosk.machine.gestures import Gesture
from kiosk.machine.states import State, Talk
from kiosk.signals import Indication
from tests.device import Rig

pytestmark = pytest.mark.looptime


async def test_an_idle_device_says_so_and_since_when() -> None:
    async with Rig() as rig:
        await asyncio.sleep(90)
        status = await rig.device.status.collect()
        assert (status.state, status.why, status.indication) == (State.IDLE, "started", Indication.IDLE)
        assert timedelta(seconds=89) < status.now - status.since < timedelta(seconds=91)
        assert status.started <= status.since
        assert (status.call, status.faults, status.last_error) == (None, (), None)
        assert status.microphone == "closed"
        assert status.well
        assert status.configuration.file == "/etc/voice-kiosk/config.yaml"
        assert status.versions["voice-kiosk"]


async def test_a_call_has_its_session_its_token_and_its_figures() -> None:
    async with Rig() as rig:
        rig.device.dispatcher.gesture(Gesture.PRESS)
        await asyncio.sleep(1)
        await rig.live()
        await asyncio.sleep(40)
        status = await rig.device.status.collect()
        call = status.call
        assert call is not None
        assert (status.state, status.indication, status.microphone) == (State.LIVE, Indication.LISTENING, "open")
        assert (call.session_id, call.room, call.attempt) == ("session-1", "room-1", 0)
        assert call.token_age_s == pytest.approx(41, abs=1.5)
        assert call.token_left_s == pytest.approx(300 - 41, abs=1.5)
        assert (call.agent, call.talk, call.heard) == ("present", Talk.LISTENING, True)
        assert (call.rtt_ms, call.jitter_ms, call.lost) == (23.0, 4.0, 2)
        assert rig.token not in status.model_dump_json()


async def test_figures_of_the_connection_are_not_asked_for_more_than_once_a_second() -> None:
    async with Rig() as rig:
        rig.device.dispatcher.gesture(Gesture.PRESS)
        await rig.live()
        await asyncio.sleep(5)
        for _ in range(100):
            await rig.device.status.collect()
        assert rig.calls[-1].asked == 1


async def test_faults_are_told_with_words_mend_and_beginning() -> None:
    async with Rig() as rig:
        rig.device.health.report(Area.SESSION, "bad-key", "HTTP 401")
        await asyncio.sleep(30)
        status = await rig.device.status.collect()
        fault = status.faults[0]
        assert (fault.code, fault.severity, fault.detail, fault.area) == ("bad-key", "broken", "HTTP 401", "session")
        assert fault.mend == "put a valid key into the credentials file"
        assert timedelta(seconds=29) < status.now - fault.since < timedelta(seconds=31)
        assert not status.well
        rig.device.health.clear(Area.SESSION)
        over = await rig.device.status.collect()
        assert over.faults == ()
        assert over.last_error is not None
        assert over.last_error.code == "bad-key"


async def test_a_notice_is_no_fault_of_the_device() -> None:
    async with Rig() as rig:
        rig.device.health.report(Area.SESSION, "budget")
        assert (await rig.device.status.collect()).well


async def test_a_retry_says_which_attempt_it_is() -> None:
    async with Rig() as rig:
        rig.errors = [SessionError("no route", code="offline", retry=Retry.SOON)] * 2
        rig.device.dispatcher.gesture(Gesture.PRESS)
        await rig.until(lambda: rig.device.dispatcher.kiosk.state is State.RETRYING)
        status = await rig.device.status.collect()
        assert status.call is not None
        assert (status.call.attempt, status.call.session_id) == (2, None)


async def test_a_mute_is_told_whatever_the_visitor_does() -> None:
    async with Rig() as rig:
        rig.device.dispatcher.post(Event(On.MUTE))
        rig.device.dispatcher.gesture(Gesture.PRESS)
        status = await rig.device.status.collect()
        assert (status.microphone, status.indication) == ("muted", Indication.MUTED)


async def test_the_record_survives_its_json() -> None:
    async with Rig() as rig:
        rig.device.health.report(Area.LED, "led-taken")
        rig.device.dispatcher.gesture(Gesture.PRESS)
        await rig.live()
        status = await rig.device.status.collect()
        assert Status.model_validate_json(status.model_dump_json()) == status
