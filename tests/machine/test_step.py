"""The step's promises: late and illegal events change nothing, and the invariants hold under any sequence of events."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.machine.effects import Do
from kiosk.machine.events import Event, On
from kiosk.machine.gestures import MEANING, Gesture
from kiosk.machine.indication import indication
from kiosk.machine.states import Kiosk, State, Talk
from kiosk.machine.step import Verdict, step
from kiosk.machine.table import TABLE, Nothing
from kiosk.signals import Indication

OF_CONNECTION = {
    On.JOINED,
    On.FAILED,
    On.REFUSED,
    On.AUDIBLE,
    On.RESUMING,
    On.RESUMED,
    On.LOST,
    On.ENDED,
    On.DISPLACED,
    On.AGENT_ARRIVED,
    On.AGENT_LEFT,
    On.AGENT_TALK,
}
SITUATIONS = st.builds(
    Kiosk,
    state=st.sampled_from(State),
    generation=st.integers(0, 5),
    microphone=st.booleans(),
    audible=st.booleans(),
    joined=st.booleans(),
    talk=st.sampled_from(Talk),
    muted=st.booleans(),
)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Events in any order; those of a connection carry a generation that is current more often than not."""
    generation = st.integers(0, 12)
    events = draw(st.lists(st.sampled_from(On), max_size=60))
    return [
        Event(
            on,
            draw(generation) if on in OF_CONNECTION else None,
            draw(st.sampled_from(Talk)) if on is On.AGENT_TALK else None,
        )
        for on in events
    ]


@given(SITUATIONS, st.sampled_from(On))
def test_events_that_do_nothing_change_nothing(kiosk: Kiosk, on: On) -> None:
    target, _ = TABLE[kiosk.state, on]
    if isinstance(target, Nothing):
        after = step(kiosk, Event(on))
        assert after.kiosk == kiosk
        assert after.effects == ()
        assert after.verdict.value == target.value


@given(SITUATIONS, st.sampled_from(sorted(OF_CONNECTION)), st.integers(-3, 9))
def test_events_of_another_generation_are_late(kiosk: Kiosk, on: On, generation: int) -> None:
    after = step(kiosk, Event(on, generation))
    assert (after.verdict is Verdict.LATE) == (generation != kiosk.generation)
    if after.verdict is Verdict.LATE:
        assert after.kiosk == kiosk
        assert after.effects == ()


@given(histories(), st.booleans())
def test_invariants_hold_after_any_history(events: list[Event], current: bool) -> None:
    kiosk, open_connections, stopped = Kiosk(), 0, False
    for event in events:
        of_now = current and event.generation is not None
        after = step(kiosk, replace(event, generation=kiosk.generation) if of_now else event)
        for effect in after.effects:
            open_connections += {Do.CONNECT: 1, Do.LEAVE: -1}.get(effect, 0)
            assert 0 <= open_connections <= 1, "two live sessions, or one given up twice"
        kiosk = after.kiosk
        in_call = kiosk.state in (State.CONNECTING, State.LIVE, State.RESUMING, State.RETRYING)
        assert not kiosk.microphone or in_call, "the microphone is live outside a call"
        assert not kiosk.audible or kiosk.state is State.LIVE
        assert not kiosk.joined or in_call
        assert not (stopped and kiosk.state is not State.STOPPING), "stopping absorbs"
        stopped = kiosk.state is State.STOPPING
        assert open_connections == (kiosk.state in (State.CONNECTING, State.LIVE, State.RESUMING))


def test_agent_talk_is_remembered_while_live_only() -> None:
    live = Kiosk(state=State.LIVE, generation=3)
    speaking = step(live, Event(On.AGENT_TALK, 3, Talk.SPEAKING)).kiosk
    assert speaking.talk is Talk.SPEAKING
    assert step(speaking, Event(On.HEARD)).kiosk.talk is Talk.SPEAKING
    assert step(speaking, Event(On.HANG_UP)).kiosk.talk is Talk.LISTENING


def test_an_agent_that_has_left_neither_hears_nor_speaks() -> None:
    live = Kiosk(state=State.LIVE, audible=True, microphone=True, talk=Talk.SPEAKING)
    alone = step(live, Event(On.AGENT_LEFT)).kiosk
    assert (alone.audible, alone.talk) == (False, Talk.LISTENING)
    assert indication(alone, None) is Indication.CONNECTING


@given(SITUATIONS, st.sampled_from([on for on in On if on not in (On.MUTE, On.UNMUTE)]))
def test_nothing_but_its_own_word_unmutes(kiosk: Kiosk, on: On) -> None:
    assert step(kiosk, Event(on)).kiosk.muted is kiosk.muted


@pytest.mark.parametrize("state", [state for state in State if state is not State.STOPPING])
def test_mute_holds_until_it_is_taken_back(state: State) -> None:
    kiosk = Kiosk(state, microphone=state is State.LIVE)
    muted = step(kiosk, Event(On.MUTE)).kiosk
    assert muted == replace(kiosk, muted=True)
    assert step(muted, Event(On.UNMUTE)).kiosk == kiosk


def test_a_rejoined_call_remembers_that_it_was_live() -> None:
    kiosk = Kiosk(state=State.CONNECTING, generation=1)
    for on in (On.JOINED, On.LOST, On.RETRY_DUE):
        kiosk = step(kiosk, Event(on)).kiosk
    assert kiosk.joined
    assert indication(kiosk, None) is Indication.RECONNECTING
    assert not step(kiosk, Event(On.HANG_UP)).kiosk.joined


@pytest.mark.parametrize(
    ("kiosk", "fault", "shown"),
    [
        (Kiosk(), None, Indication.STARTING),
        (Kiosk(State.IDLE), None, Indication.IDLE),
        (Kiosk(State.IDLE), Indication.OFFLINE, Indication.OFFLINE),
        (Kiosk(State.IDLE), Indication.FAULT, Indication.FAULT),
        (Kiosk(State.CONNECTING), None, Indication.CONNECTING),
        (Kiosk(State.CONNECTING, joined=True), None, Indication.RECONNECTING),
        (Kiosk(State.RETRYING), Indication.OFFLINE, Indication.CONNECTING),
        (Kiosk(State.RETRYING, joined=True), None, Indication.RECONNECTING),
        (Kiosk(State.RESUMING, joined=True), None, Indication.RECONNECTING),
        (Kiosk(State.LIVE), None, Indication.CONNECTING),
        (Kiosk(State.LIVE, audible=True), None, Indication.MUTED),
        (Kiosk(State.LIVE, audible=True, microphone=True), None, Indication.LISTENING),
        (Kiosk(State.LIVE, audible=True, microphone=True), Indication.OFFLINE, Indication.LISTENING),
        (Kiosk(State.LIVE, audible=True, microphone=True), Indication.FAULT, Indication.FAULT),
        (Kiosk(State.LIVE, audible=True, talk=Talk.THINKING), Indication.FAULT, Indication.THINKING),
        (Kiosk(State.LIVE, audible=True, talk=Talk.SPEAKING), None, Indication.SPEAKING),
        (Kiosk(State.STOPPING), Indication.FAULT, Indication.OFF),
        (Kiosk(State.STARTING, muted=True), None, Indication.STARTING),
        (Kiosk(State.IDLE, muted=True), None, Indication.MUTED),
        (Kiosk(State.IDLE, muted=True), Indication.FAULT, Indication.FAULT),
        (Kiosk(State.CONNECTING, muted=True), None, Indication.MUTED),
        (Kiosk(State.RESUMING, joined=True, muted=True), None, Indication.MUTED),
        (Kiosk(State.LIVE, audible=True, microphone=True, muted=True), None, Indication.MUTED),
        (Kiosk(State.LIVE, audible=True, talk=Talk.SPEAKING, muted=True), None, Indication.SPEAKING),
        (Kiosk(State.STOPPING, muted=True), None, Indication.OFF),
    ],
)
def test_indication_tells_the_true_state(kiosk: Kiosk, fault: Indication | None, shown: Indication) -> None:
    assert indication(kiosk, fault) is shown


@pytest.mark.parametrize("state", [State.CONNECTING, State.RETRYING, State.RESUMING, State.LIVE])
@pytest.mark.parametrize("muted", [False, True])
def test_no_light_invites_to_speak_into_a_broken_microphone(state: State, muted: bool) -> None:
    kiosk = Kiosk(state, audible=True, microphone=True, muted=muted)
    assert indication(kiosk, Indication.FAULT, deaf=True) is Indication.FAULT


@pytest.mark.parametrize("talk", list(Talk))
def test_a_call_that_may_carry_nothing_looks_like_none_that_does(talk: Talk) -> None:
    kiosk = Kiosk(State.LIVE, audible=True, microphone=True, talk=talk)
    assert indication(kiosk, None, falters=True) is Indication.RECONNECTING
    assert indication(kiosk, None, falters=True, deaf=True) is Indication.FAULT
    assert indication(replace(kiosk, muted=True), None, falters=True) is Indication.MUTED
    assert indication(replace(kiosk, state=State.IDLE), None, falters=True) is Indication.IDLE


def test_every_gesture_has_a_meaning_in_every_mode() -> None:
    assert len(MEANING) == 3 * len(Gesture)
    assert {on for on in MEANING.values() if on} == {On.TALK, On.HUSH, On.TOGGLE, On.WAKE, On.HEARD}
