"""Random sequences of faults and presses: light, tones, STATUS and the status record agree with the truth within a second."""

from __future__ import annotations

from contextlib import closing
from functools import partial

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from kiosk.errors import Retry, RoomError
from kiosk.room import events as room
from kiosk.signals import Indication
from tests.truth.card import Fault
from tests.truth.kiosk import KioskUnderOath
from tests.truth.oracle import MISS_PAST, PATIENCE
from tests.truth.world import Api, Media, Talk

TIMES = st.sampled_from([0.2, 0.7, 1.5, 4.0, 12.0, 35.0, 70.0])


class Life(RuleBasedStateMachine):
    """A kiosk, those who use it, and those who pull its plugs."""

    kiosk: KioskUnderOath
    mode = "toggle"

    @initialize(mode=st.sampled_from(["toggle", "hold"]))
    def begin(self, mode: str) -> None:
        self.kiosk = KioskUnderOath("hold" if mode == "hold" else "toggle")

    def teardown(self) -> None:
        if hasattr(self, "kiosk"):
            self.kiosk.close()

    @rule(held=st.sampled_from([0.1, 0.4, 3.0]), then=TIMES)
    def press(self, held: float, then: float) -> None:
        self.kiosk.press()
        self.kiosk.pass_(held)
        self.kiosk.release()
        self.kiosk.pass_(then)

    @rule(seconds=TIMES)
    def wait(self, seconds: float) -> None:
        self.kiosk.pass_(seconds)

    @rule(there=st.booleans(), then=TIMES)
    def network(self, there: bool, then: float) -> None:
        self.kiosk.change("network", there, lambda: self.kiosk.world.set_network(there))
        self.kiosk.pass_(then)

    @rule(api=st.sampled_from(Api.__args__))
    def api(self, api: Api) -> None:
        self.kiosk.change("api", api, lambda: setattr(self.kiosk.world, "api", api))

    @rule(media=st.sampled_from(Media.__args__))
    def media(self, media: Media) -> None:
        self.kiosk.change("media", media, lambda: self.kiosk.world.set_media(media))

    @rule(there=st.booleans(), then=TIMES)
    def agent(self, there: bool, then: float) -> None:
        self.kiosk.change("agent", there, lambda: self.kiosk.world.set_agent(there))
        self.kiosk.pass_(then)

    @rule(talk=st.sampled_from(Talk.__args__))
    def talk(self, talk: Talk) -> None:
        self.kiosk.change("talk", talk, lambda: self.kiosk.world.set_talk(talk))
        self.kiosk.pass_(1.5)

    @rule(
        event=st.sampled_from([room.Ended("deleted"), room.Displaced(), room.Lost(RoomError("gone", code="room-lost", retry=Retry.SOON))]),
        then=TIMES,
    )
    def put_out(self, event: room.RoomEvent, then: float) -> None:
        now = self.kiosk.world.room
        if now is not None:
            self.kiosk.change("put out", event, lambda: now.put_out(event))
        self.kiosk.pass_(then)

    @rule(fault=st.sampled_from([None, *Fault.__args__]), then=TIMES)
    def microphone(self, fault: Fault | None, then: float) -> None:
        self.kiosk.change("microphone", fault, lambda: self.kiosk.card.microphone.set(fault))
        self.kiosk.pass_(then)

    @rule(fault=st.sampled_from([None, "unplugged", "stalled"]), then=TIMES)
    def speaker(self, fault: Fault | None, then: float) -> None:
        self.kiosk.change("speaker", fault, lambda: self.kiosk.card.speaker.set(fault))
        self.kiosk.pass_(then)


def live(lives: int, steps: int, *, same: bool) -> None:
    """So many lives of so many steps; `same`: those of the last time."""
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    chosen = settings(
        max_examples=lives, stateful_step_count=steps, deadline=None, derandomize=same, database=None, suppress_health_check=checks
    )
    run_state_machine_as_test(Life, settings=chosen)


def test_the_truth_is_told() -> None:
    live(8, 12, same=True)


@pytest.mark.parametrize("away", [0.8, 1.5, 4.0, 25.0])
def test_the_truth_is_told_of_a_network_that_vanishes_in_a_call(away: float) -> None:
    with closing(KioskUnderOath("toggle")) as kiosk:
        kiosk.press()
        kiosk.release()
        kiosk.pass_(4.0)
        for there, then in ((False, away), (True, 6.0)):
            kiosk.change("network", there, partial(kiosk.world.set_network, there))
            kiosk.pass_(then)


@pytest.mark.parametrize("media", ["away", "silent", "wrong"])
@pytest.mark.parametrize("then", ["well", "silent"])
def test_the_truth_is_told_of_a_media_server_after_a_call_that_failed_at_it(media: Media, then: Media) -> None:
    with closing(KioskUnderOath("toggle")) as kiosk:
        kiosk.change("media", media, partial(kiosk.world.set_media, media))
        kiosk.press()
        kiosk.release()
        kiosk.pass_(PATIENCE + 60.0 if media == "away" else PATIENCE)
        assert kiosk.oracle.led in (Indication.OFFLINE, Indication.FAULT)
        kiosk.change("media", then, partial(kiosk.world.set_media, then))
        kiosk.pass_(max(MISS_PAST[media], MISS_PAST["silent"]) + 5.0)
        assert kiosk.oracle.led is Indication.IDLE


def test_the_truth_is_told_of_a_refusal_that_nobody_waited_for() -> None:
    with closing(KioskUnderOath("toggle", prefetch=True)) as kiosk:
        kiosk.change("api", "no-balance", lambda: setattr(kiosk.world, "api", "no-balance"))
        kiosk.press()
        kiosk.release()
        kiosk.pass_(10.0)
        assert kiosk.world.refuses
        assert kiosk.oracle.led is Indication.LISTENING
        kiosk.press()
        kiosk.release()
        kiosk.pass_(10.0)
        assert kiosk.oracle.led is Indication.FAULT


@pytest.mark.slow
def test_the_truth_is_told_in_other_lives() -> None:
    live(200, 25, same=False)
