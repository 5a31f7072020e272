"""What a restart of the daemon would mend. The network's health is never among it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from kiosk.audio.sound import SoundFigures
from kiosk.health import Area, Health
from kiosk.machine.states import State

SLACK: Final = 10.0
"""Seconds that a state may overstay its longest stay: its own timer comes first, and a busy machine is late."""
MUTE: Final = 10.0
"""Seconds that a sound device may give no blocks without anybody saying why; a stall is named after one."""
PATIENCE: Final = 30.0
"""Seconds that a repair must have been exhausted."""
AGE: Final = 300.0
"""Seconds that the daemon must have run before an exhausted repair is a reason: one that no restart mends is not worth one a minute."""


class Vitals:
    """Looks at the device once a second or so. `clock` is the loop's time, by which `state` tells since when it is what it is.

    A device that is missing or fails is a fault and under repair, so it is no reason; nor is one that is `lent`. An exhausted
    repair (a driver that keeps a thread, a part that keeps failing) is one, but never in a call: what still works goes on until
    the visitor is done.
    """

    def __init__(
        self,
        *,
        state: Callable[[], tuple[State, float]],
        stays: Mapping[State, float],
        figures: Callable[[], SoundFigures],
        health: Health,
        clock: Callable[[], float],
        lent: Callable[[], bool] = lambda: False,
    ) -> None:
        self._state = state
        self._stays = stays
        self._figures = figures
        self._health = health
        self._clock = clock
        self._lent = lent
        self._began = self._clock()
        self._moved: dict[Area, float] = {Area.MICROPHONE: self._began, Area.SPEAKER: self._began}
        self._blocks: dict[Area, int] = {}
        self._exhausted_since: float | None = None

    def ails(self) -> str | None:
        """Why the daemon should be restarted, in words; None while it should not."""
        now, figures = self._clock(), self._figures()
        return (
            self._overstayed(now)
            or self._mute(now, Area.MICROPHONE, figures.blocks_captured)
            or self._mute(now, Area.SPEAKER, figures.blocks_played)
            or self._hopeless(now, figures)
        )

    def _overstayed(self, now: float) -> str | None:
        state, since = self._state()
        overstayed = state in self._stays and now - since > self._stays[state] + SLACK
        return f"the state {state} overstays its {self._stays[state]:g} s" if overstayed else None

    def _mute(self, now: float, area: Area, blocks: int) -> str | None:
        if blocks != self._blocks.get(area) or area in self._health.standing() or self._lent():
            self._blocks[area], self._moved[area] = blocks, now
        return f"the {area} gives no blocks, and nobody says why" if now - self._moved[area] > MUTE else None

    def _hopeless(self, now: float, figures: SoundFigures) -> str | None:
        exhausted = [
            fault.words
            for area, fault in self._health.standing().items()
            if (area is Area.INTERNAL and fault.code == "internal") or (fault.code.endswith("-stuck") and figures.threads_stuck)
        ]
        if not exhausted:
            self._exhausted_since = None
            return None
        if self._exhausted_since is None:
            self._exhausted_since = now
        due = now - self._exhausted_since > PATIENCE and now - self._began > AGE
        return exhausted[0] if due and self._state()[0] is State.IDLE else None
