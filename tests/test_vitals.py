"""What a restart would mend, and what it would not."""

from __future__ import annotations

import pytest

from kiosk.audio.sound import SoundFigures
from kiosk.faults import FAULTS
from kiosk.health import Area, Health
from kiosk.machine.states import State
from kiosk.machine.table import STAYS
from kiosk.vitals import AGE, MUTE, PATIENCE, SLACK, Vitals


class Patient:
    """A device whose every sign is set by hand; its clocks of frames run until they are stopped."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.state, self.since = State.IDLE, self.now
        self.health = Health()
        self.stopped: dict[Area, int] = {}
        self.stuck = 0
        self.vitals = Vitals(
            state=lambda: (self.state, self.since),
            stays={**STAYS, State.LIVE: 600.0},
            figures=self.figures,
            health=self.health,
            clock=lambda: self.now,
        )

    def enter(self, state: State) -> None:
        self.state, self.since = state, self.now

    def stop(self, area: Area) -> None:
        self.stopped[area] = self.blocks(area)

    def blocks(self, area: Area) -> int:
        return self.stopped.get(area, int(100 * self.now))

    def figures(self) -> SoundFigures:
        values = dict.fromkeys(SoundFigures.__slots__, 0)
        values |= {"blocks_captured": self.blocks(Area.MICROPHONE), "blocks_played": self.blocks(Area.SPEAKER), "threads_stuck": self.stuck}
        return SoundFigures(**values)  # pyright: ignore[reportArgumentType]  (all but one are numbers, and that one is not looked at)

    def seen_after(self, limit: float) -> tuple[float, str] | None:
        """When, in seconds from now, and what ails, looked at each second."""
        begun = self.now
        while self.now - begun < limit:
            self.now += 1.0
            if why := self.vitals.ails():
                return self.now - begun, why
        return None


def test_a_healthy_device_is_well_for_a_day() -> None:
    assert Patient().seen_after(86_400) is None


@pytest.mark.parametrize("state", sorted({*STAYS, State.LIVE}))
def test_no_state_overstays_its_longest_stay(state: State) -> None:
    patient = Patient()
    patient.enter(state)
    seen = patient.seen_after(4000)
    assert seen is not None
    limit = STAYS.get(state, 600.0)
    assert limit + SLACK <= seen[0] <= limit + SLACK + 1.1
    assert str(state) in seen[1]


@pytest.mark.parametrize("area", [Area.MICROPHONE, Area.SPEAKER])
@pytest.mark.parametrize("state", [State.IDLE, State.LIVE])
def test_a_device_that_is_silent_without_a_word_is_seen(area: Area, state: State) -> None:
    patient = Patient()
    assert patient.seen_after(50) is None
    patient.enter(state)
    patient.stop(area)
    seen = patient.seen_after(60)
    assert seen is not None
    assert MUTE <= seen[0] <= MUTE + 2.1
    assert area in seen[1]


@pytest.mark.parametrize("area", [Area.MICROPHONE, Area.SPEAKER])
@pytest.mark.parametrize("kind", ["missing", "busy", "failed", "stalled"])
def test_a_device_that_is_a_fault_is_under_repair_and_no_reason(area: Area, kind: str) -> None:
    patient = Patient()
    patient.stop(area)
    patient.health.report(area, f"{area}-{kind}")
    assert patient.seen_after(86_400) is None
    # Back without a block, it is silent without a word again.
    patient.health.clear(area)
    assert patient.seen_after(MUTE + 3) is not None


def test_the_networks_health_is_no_reason() -> None:
    patient = Patient()
    for code in sorted(FAULTS):
        if not code.startswith(("microphone", "speaker")):
            patient.health.report(Area.SESSION, code)
            assert patient.seen_after(AGE) is None, code


@pytest.mark.parametrize(
    ("area", "code"), [(Area.MICROPHONE, "microphone-stuck"), (Area.SPEAKER, "speaker-stuck"), (Area.INTERNAL, "internal")]
)
def test_an_exhausted_repair_is_a_reason_once_nobody_is_in_a_call(area: Area, code: str) -> None:
    patient = Patient()
    assert patient.seen_after(AGE) is None
    patient.stuck = 1
    patient.enter(State.LIVE)
    patient.health.report(area, code)
    assert patient.seen_after(300) is None
    patient.enter(State.IDLE)
    seen = patient.seen_after(10)
    assert seen is not None
    assert FAULTS[code].words in seen[1]


def test_an_exhausted_repair_is_given_time_and_a_young_daemon_more() -> None:
    patient = Patient()
    patient.stuck = 1
    patient.health.report(Area.MICROPHONE, "microphone-stuck")
    seen = patient.seen_after(1000)
    assert seen is not None
    assert seen[0] > AGE
    patient.stuck = 0
    assert patient.seen_after(1000) is None
    patient.stuck = 1
    seen = patient.seen_after(1000)
    assert seen is not None
    assert seen[0] > PATIENCE
