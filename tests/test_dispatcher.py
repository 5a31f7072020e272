"""The dispatcher on fakes in virtual time: what a visitor, a network and a technician would see of each story."""

from __future__ import annotations

import asyncio

import pytest

from kiosk.config.model import Config
from kiosk.errors import Retry, RoomError, SessionError
from kiosk.health import Area
from kiosk.machine.events import Event, On
from kiosk.machine.gestures import Gesture
from kiosk.machine.states import State, Talk
from kiosk.signals import Earcon, Indication, Mode
from tests.fakes import Bench

pytestmark = pytest.mark.looptime


def bench(mode: Mode = "hold") -> Bench:
    """A started kiosk in this mode, 12 s of idle timeout, 30 s of patience."""
    made = Bench(Config.model_validate({"talk": {"mode": mode}, "session": {"idle_timeout": "12s"}}))
    made.dispatcher.begin()
    made.dispatcher.post(Event(On.STARTED))
    return made


def live(mode: Mode = "hold") -> Bench:
    """A kiosk in a call whose agent hears it."""
    made = bench(mode)
    made.dispatcher.gesture(Gesture.PRESS)
    for on in (On.JOINED, On.AGENT_ARRIVED, On.AUDIBLE):
        made.dispatcher.post(Event(on, made.dispatcher.kiosk.generation))
    return made


def offline(after: float | None = None, retry: Retry = Retry.SOON, code: str = "offline") -> SessionError:
    return SessionError("no network", code=code, retry=retry, after=after)


async def test_a_press_lights_records_and_sounds_before_post_returns() -> None:
    made = bench()
    made.dispatcher.gesture(Gesture.PRESS)
    assert made.light.shown[-1] is Indication.CONNECTING
    assert made.sound.gate
    assert made.sound.played == [Earcon.LISTENING]
    assert made.line.generations == [1]
    assert made.notify.is_ready


async def test_hold_keeps_the_microphone_for_the_tail_and_the_call_between_presses() -> None:
    made = live()
    made.dispatcher.gesture(Gesture.RELEASE)
    await asyncio.sleep(0.2)
    assert made.sound.gate
    await asyncio.sleep(0.2)
    assert not made.sound.gate
    made.dispatcher.drained()
    assert made.line.muted is True
    assert made.light.shown[-1] is Indication.MUTED
    made.dispatcher.gesture(Gesture.PRESS)
    assert made.line.muted is False
    assert made.light.shown[-1] is Indication.LISTENING
    assert made.line.generations == [1]


async def test_words_that_are_sent_again_after_a_break_find_the_track_open_though_the_gate_is_closed() -> None:
    made = live()
    made.dispatcher.gesture(Gesture.RELEASE)
    await asyncio.sleep(0.5)
    made.dispatcher.drained()
    assert made.line.muted is True
    for on in (On.RESUMING, On.RESUMED, On.AUDIBLE):
        made.dispatcher.post(Event(on, 1))
    assert made.line.muted is False
    made.dispatcher.drained()
    assert made.line.muted is True


async def test_a_press_within_the_tail_keeps_the_gate_open() -> None:
    made = live()
    made.dispatcher.gesture(Gesture.RELEASE)
    await asyncio.sleep(0.1)
    made.dispatcher.gesture(Gesture.PRESS)
    await asyncio.sleep(1.0)
    assert made.sound.gate


async def test_toggle_begins_and_ends() -> None:
    made = live("toggle")
    made.dispatcher.gesture(Gesture.RELEASE)
    assert made.sound.gate
    made.dispatcher.gesture(Gesture.PRESS)
    assert made.dispatcher.kiosk.state is State.IDLE
    assert made.sound.played[-1] is Earcon.ENDED
    assert made.line.left == 1


async def test_speech_wakes_in_vad_with_the_words_before_it() -> None:
    made = bench("vad")
    made.dispatcher.gesture(Gesture.SPEECH)
    assert made.dispatcher.kiosk.state is State.CONNECTING
    assert made.sound.pre_roll == pytest.approx(0.6)


async def test_speech_right_after_a_call_wakes_nobody() -> None:
    made = bench("vad")
    made.dispatcher.gesture(Gesture.SPEECH)
    made.dispatcher.post(Event(On.HANG_UP))
    await asyncio.sleep(1.9)
    made.dispatcher.gesture(Gesture.SPEECH)
    assert made.dispatcher.kiosk.state is State.IDLE
    await asyncio.sleep(0.2)
    made.dispatcher.gesture(Gesture.SPEECH)
    assert made.dispatcher.kiosk.state is State.CONNECTING


async def test_speech_does_not_wake_in_the_other_modes() -> None:
    for mode in ("hold", "toggle"):
        made = bench(mode)
        made.dispatcher.gesture(Gesture.SPEECH)
        assert made.dispatcher.kiosk.state is State.IDLE


async def test_silence_ends_the_call_and_speech_delays_that() -> None:
    made = live("toggle")
    await asyncio.sleep(8)
    made.dispatcher.gesture(Gesture.SPEECH)
    await asyncio.sleep(8)
    assert made.dispatcher.kiosk.state is State.LIVE
    await asyncio.sleep(5)
    assert made.dispatcher.kiosk.state is State.IDLE
    assert made.sound.played[-1] is Earcon.ENDED


async def test_an_attempt_that_fails_is_retried_until_patience_ends() -> None:
    made = bench()
    made.dispatcher.gesture(Gesture.PRESS)
    for _ in range(200):
        if made.dispatcher.kiosk.state is State.CONNECTING:
            made.dispatcher.failed(made.dispatcher.kiosk.generation, offline())
        await asyncio.sleep(0.25)
    assert made.dispatcher.kiosk.state is State.IDLE
    assert 2 <= len(made.line.generations) <= 31
    assert made.sound.played == [Earcon.LISTENING, Earcon.OFFLINE]
    assert made.light.shown[-1] is Indication.OFFLINE


async def test_a_lost_call_is_rejoined_for_ever_with_the_visitor_told() -> None:
    made = live("toggle")
    made.dispatcher.post(Event(On.LOST, made.dispatcher.kiosk.generation))
    assert made.light.shown[-1] is Indication.RECONNECTING
    assert made.sound.gate
    for _ in range(1500):
        if made.dispatcher.kiosk.state is State.CONNECTING:
            made.dispatcher.failed(made.dispatcher.kiosk.generation, RoomError("gone", code="server-unreachable", retry=Retry.SOON))
        await asyncio.sleep(1)
    assert made.dispatcher.kiosk.state in (State.RETRYING, State.CONNECTING)
    if made.dispatcher.kiosk.state is State.RETRYING:
        made.dispatcher.gesture(Gesture.PRESS)
    made.dispatcher.post(Event(On.JOINED, made.dispatcher.kiosk.generation))
    made.dispatcher.post(Event(On.AUDIBLE, made.dispatcher.kiosk.generation))
    assert made.light.shown[-1] is Indication.LISTENING
    assert made.health.worst is None


async def test_a_refusal_ends_the_press_with_its_own_tone() -> None:
    made = bench()
    made.dispatcher.gesture(Gesture.PRESS)
    made.dispatcher.failed(1, offline(code="bad-key", retry=Retry.REFUSED))
    assert made.dispatcher.kiosk.state is State.IDLE
    assert made.sound.played[-1] is Earcon.REFUSED
    assert made.light.shown[-1] is Indication.FAULT


async def test_a_long_told_wait_is_said_at_once_and_a_short_one_waited_for() -> None:
    made = bench()
    made.dispatcher.gesture(Gesture.PRESS)
    made.dispatcher.failed(1, offline(after=30.0, code="busy", retry=Retry.WAIT))
    assert made.sound.played[-1] is Earcon.BUSY
    assert made.dispatcher.kiosk.state is State.IDLE
    assert made.light.shown[-1] is Indication.IDLE
    made.dispatcher.gesture(Gesture.PRESS)
    made.dispatcher.failed(made.dispatcher.kiosk.generation, offline(after=5.0, code="busy", retry=Retry.WAIT))
    await asyncio.sleep(4.9)
    assert made.dispatcher.kiosk.state is State.RETRYING
    await asyncio.sleep(8.2)
    assert made.dispatcher.kiosk.state is State.CONNECTING


async def test_a_broken_microphone_is_told_in_a_call_and_at_the_press() -> None:
    made = live()
    made.health.report(Area.MICROPHONE, "microphone-missing")
    assert made.sound.played[-1] is Earcon.MICROPHONE
    assert made.light.shown[-1] is Indication.FAULT
    made.dispatcher.post(Event(On.HANG_UP))
    played = len(made.sound.played)
    made.health.report(Area.MICROPHONE, "microphone-busy")
    assert len(made.sound.played) == played
    made.dispatcher.gesture(Gesture.PRESS)
    assert made.sound.played[-1] is Earcon.MICROPHONE
    made.health.clear(Area.MICROPHONE)
    assert made.light.shown[-1] is Indication.CONNECTING


async def test_a_failing_call_has_the_tone_of_what_it_fails_by() -> None:
    made = bench()
    made.dispatcher.gesture(Gesture.PRESS)
    made.dispatcher.failed(1, offline())
    made.health.report(Area.SPEAKER, "speaker-stalled")
    made.dispatcher.post(Event(On.PATIENCE_OVER))
    assert made.sound.played[-1] is Earcon.OFFLINE


async def test_an_attempt_that_only_hangs_is_no_connection_whatever_else_is_wrong() -> None:
    made = bench()
    made.health.report(Area.SPEAKER, "speaker-stalled")
    made.dispatcher.gesture(Gesture.PRESS)
    made.dispatcher.post(Event(On.PATIENCE_OVER))
    assert made.sound.played[-1] is Earcon.OFFLINE


async def test_the_devices_own_limit_does_not_hide_what_the_api_said() -> None:
    made = bench()
    made.dispatcher.gesture(Gesture.PRESS)
    made.dispatcher.failed(1, offline(code="api-down"))
    for _ in range(2):
        made.dispatcher.gesture(Gesture.PRESS)
        made.dispatcher.failed(made.dispatcher.kiosk.generation, offline(code="budget", retry=Retry.WAIT, after=50.0))
        assert made.sound.played[-1] is Earcon.OFFLINE
        assert made.light.shown[-1] is Indication.OFFLINE


async def test_failures_of_an_older_connection_are_not_heard() -> None:
    made = live()
    made.dispatcher.failed(0, offline())
    assert made.dispatcher.kiosk.state is State.LIVE
    assert made.health.worst is None


async def test_an_agent_that_never_comes_is_said() -> None:
    made = bench()
    made.dispatcher.gesture(Gesture.PRESS)
    made.dispatcher.post(Event(On.JOINED, made.dispatcher.kiosk.generation))
    await asyncio.sleep(8.9)
    assert made.dispatcher.kiosk.state is State.LIVE
    await asyncio.sleep(0.2)
    assert made.dispatcher.kiosk.state is State.IDLE
    assert made.sound.played[-1] is Earcon.ERROR


@pytest.mark.parametrize(("back_after", "goes_on"), [(3.5, True), (None, False)])
async def test_an_agent_that_leaves_may_come_back_for_4_s(back_after: float | None, goes_on: bool) -> None:
    made = live()
    made.dispatcher.post(Event(On.AGENT_LEFT, made.dispatcher.kiosk.generation))
    if back_after is not None:
        await asyncio.sleep(back_after)
        made.dispatcher.post(Event(On.AGENT_ARRIVED, made.dispatcher.kiosk.generation))
    await asyncio.sleep(4.1)
    assert (made.dispatcher.kiosk.state is State.LIVE) is goes_on
    assert (made.sound.played[-1] is Earcon.ERROR) is not goes_on


async def test_a_displaced_device_joins_again_once_in_5_min_and_freely_once_a_call_went_well() -> None:
    made = live("toggle")

    def press_and_join() -> int:
        made.dispatcher.gesture(Gesture.PRESS)
        if made.dispatcher.kiosk.state is State.CONNECTING:
            made.dispatcher.post(Event(On.JOINED, made.dispatcher.kiosk.generation))
        return len(made.line.generations)

    made.dispatcher.post(Event(On.DISPLACED, made.dispatcher.kiosk.generation))
    assert made.dispatcher.kiosk.state is State.IDLE
    assert press_and_join() == 2
    made.dispatcher.post(Event(On.DISPLACED, made.dispatcher.kiosk.generation))
    for _ in range(29):
        await asyncio.sleep(10)
        assert press_and_join() == 2
        assert made.sound.played[-2:] == [Earcon.LISTENING, Earcon.ERROR]
    await asyncio.sleep(11)
    for joins in (3, 4, 5):
        assert press_and_join() == joins
        made.dispatcher.gesture(Gesture.PRESS)
        assert made.dispatcher.kiosk.state is State.IDLE


async def test_a_connection_that_falters_shows_on_the_light_and_nowhere_else() -> None:
    made = live()
    now, played = made.dispatcher.kiosk.generation, list(made.sound.played)
    made.dispatcher.falter(now - 1, True)
    assert made.light.shown[-1] is Indication.LISTENING
    made.dispatcher.falter(now, True)
    assert (made.light.shown[-1], made.dispatcher.kiosk.state) == (Indication.RECONNECTING, State.LIVE)
    made.dispatcher.falter(now, False)
    assert made.light.shown[-1] is Indication.LISTENING
    made.dispatcher.falter(now, True)
    for on in (On.RESUMING, On.RESUMED, On.AGENT_ARRIVED, On.AUDIBLE):
        made.dispatcher.post(Event(on, now))
    assert made.light.shown[-1] is Indication.LISTENING
    made.dispatcher.falter(now, True)
    made.dispatcher.post(Event(On.HANG_UP))
    made.dispatcher.falter(now, True)
    assert made.light.shown[-1] is Indication.IDLE
    assert made.sound.played == [*played, Earcon.RECONNECTING, Earcon.ENDED]


async def test_words_that_could_not_be_sent_are_told_in_the_call_that_goes_on() -> None:
    made = live()
    now, error = made.dispatcher.kiosk.generation, RoomError("not sent", code="recorded-not-sent", retry=Retry.SOON)
    made.dispatcher.mishap(now - 1, error)
    assert made.health.worst is None
    made.dispatcher.mishap(now, error)
    assert (made.dispatcher.kiosk.state, made.light.shown[-1]) == (State.LIVE, Indication.LISTENING)
    assert made.health.standing()[Area.ROOM].code == "recorded-not-sent"
    assert made.sound.played[-1] is Earcon.ERROR


async def test_talk_shows_on_the_light() -> None:
    made = live("toggle")
    for talk, shown in ((Talk.THINKING, Indication.THINKING), (Talk.SPEAKING, Indication.SPEAKING), (Talk.LISTENING, Indication.LISTENING)):
        made.dispatcher.post(Event(On.AGENT_TALK, made.dispatcher.kiosk.generation, talk))
        assert made.light.shown[-1] is shown


async def test_stopping_leaves_darkens_and_quits_and_overstaying_it_quits_at_once() -> None:
    made = live()
    made.dispatcher.post(Event(On.STOP))
    assert made.line.left == 1
    assert made.light.shown[-1] is Indication.OFF
    assert made.quits == ["in order"]
    await asyncio.sleep(3)
    assert made.quits == ["in order", "at once"]


async def test_starting_without_devices_becomes_idle_by_itself() -> None:
    made = Bench(Config())
    made.dispatcher.begin()
    await asyncio.sleep(20.1)
    assert made.dispatcher.kiosk.state is State.IDLE
    assert made.notify.is_ready


async def test_becoming_idle_is_told_before_the_light_shows_it() -> None:
    made = Bench(Config())
    made.dispatcher.on_idle = lambda: made.health.report(Area.SESSION, "bad-key")
    made.dispatcher.begin()
    for _ in range(2):
        made.dispatcher.post(Event(On.STARTED))
        assert made.light.shown == [Indication.STARTING, Indication.FAULT]
    made.dispatcher.gesture(Gesture.PRESS)
    made.health.clear(Area.SESSION)
    made.dispatcher.post(Event(On.HANG_UP))
    assert made.light.shown[-1] is Indication.FAULT
    assert Indication.IDLE not in made.light.shown


async def test_status_says_state_light_and_fault_in_words() -> None:
    made = bench()
    made.dispatcher.gesture(Gesture.PRESS)
    made.dispatcher.failed(1, offline(code="no-balance", retry=Retry.REFUSED))
    assert made.notify.texts[-1] == "idle (fault): the account's balance is used up"


async def test_a_closed_dispatcher_never_quits_at_once() -> None:
    made = live()
    made.dispatcher.post(Event(On.STOP))
    made.dispatcher.close()
    await asyncio.sleep(10)
    assert made.quits == ["in order"]
