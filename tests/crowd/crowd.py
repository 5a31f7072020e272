"""Many devices through an outage of the session API, in virtual time: how many ask it in each second once it is back.

Every device decides by the daemon's own rules (`kiosk.attempts`, `kiosk.reach`, `kiosk.session.budget`, `kiosk.backoff`); what
is simulated is the API, the visitors and the clock.

The bound is derived and not fitted. Of N devices that have failed for long, each asks again after a delay that is drawn evenly
from [CAP/2, CAP], 45 s on the average, and by then their moments have nothing to do with each other (after k delays a device's
moment is spread with a deviation of 8.7·√k s, so after ten minutes over more than a whole delay). From independent renewals of
mean µ come N/µ requests a second, and this is also the most at recovery: what succeeds asks no more, so the rate falls from there
and is 0 after CAP. One that was told when to come back spreads over CAP after it, which is less: N/60. To it come the visitors
who would press anyway, N·λ a second. A device at rest looks each 45 s too, whether all is well or not; and one whose visitor waits
for the light asks for a session when that look finds the API well, so that it is no more than one request to a look. Within a
second the number of requests is Poisson's: m + 6·√m is exceeded in less than one second of 100 million.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from kiosk.attempts import CAP, Attempts
from kiosk.backoff import Backoff
from kiosk.errors import Retry, SessionError
from kiosk.faults import FAULTS, Fault
from kiosk.reach import Looks
from kiosk.session.budget import Budget
from kiosk.session.tokens import ahead

Kind = Literal["at rest", "in calls", "unreachable", "told", "held ahead"]
KINDS: Final[dict[Kind, str]] = {
    "at rest": "visitors come and go, the API answers 503",
    "in calls": "everybody was in a call that is lost as well, the API answers 503",
    "unreachable": "the same, and nothing answers",
    "told": "the same, and the 503 says when to come back: all the same moment",
    "held ahead": "everybody wants to hold a session ahead, the API answers 503",
}
BEFORE: Final = 300.0
"""Seconds of normal life before it."""
AFTER: Final = 300.0
"""Seconds that are looked at from its end on."""
PRESSES: Final = 4 / 3600
"""Presses a second and device: the λ of the derivation."""
CALL: Final = 180.0
"""Seconds that a call takes."""
PATIENCE: Final = 30.0
"""`session.connect_timeout`."""
STAYS: Final = 0.5
"""Share of the visitors without success who wait for the light, and press a few seconds after it is well."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many, how an outage finds them, and the luck of the draw."""

    devices: int
    kind: Kind
    seed: int
    outage: float = 3600.0
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Load:
    """What the API has to bear, a second, from its recovery on; `sessions` are requests for one, `looks` handshakes without a key."""

    sessions_peak: int
    sessions_minute: float
    """Mean of the first minute."""
    looks_peak: int
    back: float
    """Seconds from recovery until the last device knew of it."""


def bound(devices: int) -> int:
    """The most requests for a session in one second, and the most looks, that so many devices make at recovery."""
    mean = devices / (0.75 * CAP) + devices * PRESSES
    return math.ceil(mean + 6 * math.sqrt(mean))


def simulate(crowd: Crowd) -> Load:
    """The whole story of one crowd; seconds of CPU for 10,000 devices."""
    return _World(crowd).load()


class _Device:
    """One device: the daemon's own rules, and what it is about."""

    __slots__ = ("attempts", "budget", "fault", "held", "looks", "state", "turn", "until", "waiting")

    def __init__(self, luck: random.Random) -> None:
        self.attempts = Attempts(luck.uniform)
        self.looks = Looks(luck.uniform)
        self.held: Backoff = ahead(luck.uniform)
        self.budget = Budget(5)
        self.fault: Fault | None = None
        self.state: Literal["rest", "call", "trying", "lost"] = "rest"
        self.until = 0.0
        """End of a visitor's patience."""
        self.turn = 0
        """Number of the state: what was planned in an earlier one does not happen."""
        self.waiting = False


class _World:
    """The API, the visitors and the clock."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._luck = random.Random(f"{crowd.kind} {crowd.seed}")
        self._now = 0.0
        self._plans: list[tuple[float, int, int, Callable[[], None], _Device]] = []
        self._count = 0
        self._sessions: Counter[int] = Counter()
        self._looks: Counter[int] = Counter()
        self._end = BEFORE + crowd.outage
        self._back = 0.0

    def load(self) -> Load:
        """Run to the end; the figures."""
        devices = [_Device(self._luck) for _ in range(self._crowd.devices)]
        for device in devices:
            self._begin(device)
        while self._plans and self._plans[0][0] < self._end + AFTER:
            self._now, _, turn, act, device = heapq.heappop(self._plans)
            if turn in (device.turn, -1):
                act()
        well = all(device.fault is None and device.state != "lost" for device in devices)
        first = math.floor(self._end)
        after = range(first, first + int(AFTER))
        return Load(
            sessions_peak=max(self._sessions[second] for second in after),
            sessions_minute=sum(self._sessions[second] for second in after[:60]) / 60,
            looks_peak=max(self._looks[second] for second in after),
            back=self._back - self._end if well else math.inf,
        )

    @property
    def _down(self) -> bool:
        return BEFORE <= self._now < self._end

    def _plan(self, device: _Device, delay: float, act: Callable[[_Device], None], *, always: bool = False) -> None:
        self._count += 1
        turn = -1 if always else device.turn
        heapq.heappush(self._plans, (self._now + delay, self._count, turn, lambda: act(device), device))

    def _begin(self, device: _Device) -> None:
        match self._crowd.kind:
            case "at rest":
                device.looks.looked(0.0, None)
                self._rest(device)
                self._plan(device, self._luck.expovariate(PRESSES), self._press, always=True)
            case "held ahead":
                self._plan(device, BEFORE + self._luck.uniform(0.0, 240.0), self._hold)
            case _:
                device.state = "call"
                self._plan(device, BEFORE, self._lose)

    # at rest

    def _rest(self, device: _Device) -> None:
        device.turn += 1
        device.state = "rest"
        device.attempts.worked()
        self._watch(device)

    def _watch(self, device: _Device) -> None:
        device.looks.wanted(device.fault, self._now)
        self._plan(device, max(0.0, device.looks.due - self._now), self._look)

    def _look(self, device: _Device) -> None:
        if device.looks.wanted(device.fault, self._now) is None:
            self._watch(device)
            return
        self._looks[int(self._now)] += 1
        self._learn(device, FAULTS["api-down"] if self._down else None)
        device.looks.looked(self._now, device.fault)
        if device.fault is None and device.waiting:
            device.waiting = False
            self._plan(device, self._luck.uniform(1.0, 5.0), self._try)
        self._watch(device)

    def _press(self, device: _Device) -> None:
        self._plan(device, self._luck.expovariate(PRESSES), self._press, always=True)
        if device.state == "rest":
            self._try(device)

    def _try(self, device: _Device) -> None:
        device.turn += 1
        device.state, device.until = "trying", self._now + PATIENCE
        self._attempt(device)

    # trying

    def _lose(self, device: _Device) -> None:
        device.turn += 1
        device.state = "lost"
        self._plan(device, device.attempts.delay(), self._attempt)

    def _attempt(self, device: _Device) -> None:
        error = self._ask(device)
        if error is None:
            device.turn += 1
            device.state = "call"
            device.attempts.worked()
            if self._crowd.kind == "at rest":
                self._plan(device, CALL, self._rest)
            return
        final = device.attempts.failed(error, joined=device.state == "lost")
        delay = device.attempts.delay()
        if device.state == "lost" or not (final or self._now + delay > device.until):
            self._plan(device, delay, self._attempt)
        else:
            device.waiting = self._luck.random() < STAYS
            self._rest(device)

    def _ask(self, device: _Device) -> SessionError | None:
        """One request, where the budget has one; as `kiosk.session.tokens` does it."""
        if wait := device.budget.wait(self._now):
            return SessionError("spent", code="api-down", retry=Retry.WAIT, after=wait)
        self._sessions[int(self._now)] += 1
        error = self._failure() if self._down else None
        if error is None or error.sent:
            device.budget.spend(self._now)
        self._learn(device, FAULTS[error.code] if error else None)
        return error

    def _failure(self) -> SessionError:
        match self._crowd.kind:
            case "unreachable":
                error = SessionError("away", code="api-unreachable", retry=Retry.SOON)
                error.sent = False
                return error
            case "told":
                return SessionError("later", code="api-down", retry=Retry.WAIT, after=self._end - self._now)
            case _:
                return SessionError("down", code="api-down", retry=Retry.SOON)

    def _hold(self, device: _Device) -> None:
        if self._ask(device) is None:
            device.held.reset()
            self._plan(device, 240.0, self._hold)
        else:
            self._plan(device, device.held.next(device.budget.wait(self._now, slots=2)), self._hold)

    def _learn(self, device: _Device, fault: Fault | None) -> None:
        if device.fault is not None and fault is None:
            self._back = max(self._back, self._now)
        device.fault = fault
