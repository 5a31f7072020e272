"""How and when an idle device looks whether a call would be possible, so that its light is true without anybody pressing.

Pure: the time and the randomness are handed in, so that the crowd's simulation runs on the same rules as the device.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from enum import Enum
from typing import Final, NamedTuple

from kiosk.backoff import Backoff
from kiosk.faults import Fault

PERIOD: Final = 60.0
"""Longest time in seconds between two looks; half of it always passes while nothing changes: a handshake each 45 s and device."""
FIRST: Final = 2.0
"""Longest time in seconds until the first look at the doorstep after a fault came; it doubles. Requests have no such haste."""
TRIAL: Final = 300.0
"""Seconds that pass at least before a session is asked for only to see whether it is granted again; twice as many at most."""
STANDS: Final = 60.0
"""Seconds for which the media server must be there until a fault that may pass, and that this does not disprove, is taken for past."""


class Look(Enum):
    """A fault is over when what failed works: each is looked at where it was met, and no deeper."""

    DOORSTEP = "doorstep"
    """TCP and TLS: no request, no key."""
    ANSWER = "answer"
    """A request for nothing, without the key."""
    SESSION = "session"
    """A session: nothing else shows that key, balance, rights and answers are right again."""


def look_for(fault: Fault | None) -> Look:
    """What shows that this fault of the session's area is over."""
    if fault is None:
        return Look.DOORSTEP
    if not fault.passes or fault.code in ("bad-answer", "internal"):
        return Look.SESSION
    return Look.ANSWER if fault.code == "api-down" else Look.DOORSTEP


class Looks:
    """One device's rhythm. Monotonic seconds; the first look is due at once."""

    def __init__(self, uniform: Callable[[float, float], float] = random.uniform) -> None:
        self._uniform = uniform
        self._backoff = Backoff(base=FIRST, cap=PERIOD, floor=1.0, rest=0.5, uniform=uniform)
        self.due = 0.0
        """When to look next."""
        self._of = Look.DOORSTEP, False

    def wanted(self, fault: Fault | None, now: float) -> Look | None:
        """What to look at now while `fault` stands; None where no look is due."""
        of = look_for(fault), fault is not None
        if of != self._of and self.due > 0.0:
            self._of = of
            self._backoff.reset()
            self.due = now + self._pause()
        return of[0] if now >= self.due else None

    def looked(self, now: float, fault: Fault | None, told: float = 0.0) -> None:
        """A look is over and `fault` stands now; `told`: how long the other side wants not to be asked."""
        self._of = look_for(fault), fault is not None
        if fault is None:
            self._backoff.reset()
        self.due = now + self._pause(told)

    def anew(self) -> None:
        """Something changed that may mend it: look at once."""
        self._backoff.reset()
        self.due = 0.0

    def _pause(self, told: float = 0.0) -> float:
        look, ill = self._of
        if look is Look.SESSION:
            return told + self._uniform(0.0, TRIAL) if told else self._uniform(TRIAL, 2 * TRIAL)
        if look is Look.DOORSTEP and ill:
            return self._backoff.next(told)
        return told + self._uniform(0.0 if told else 0.5, 1.0) * PERIOD


class Miss(NamedTuple):
    """A fault that an attempt met at the media server."""

    fault: Fault
    url: str
    """The server's address."""
    at: float
    """When, in monotonic seconds."""


class ServerLooks:
    """One device's looks at the media server that its last attempt failed at, for as long as that fault shows. Monotonic seconds.

    That it could not be reached (`server-unreachable`) is over as soon as it can be. What it answered or did not let through
    (`join-timeout`, `join-refused`, `server-busy`, `server-down`) is not disproved by its being there, nor by anything but another
    attempt: it is what the last one met, and says nothing of the next once the server has been there for STANDS; one that somebody
    has to mend for TRIAL, after which a session that was refused would be tried, too.
    """

    def __init__(self, uniform: Callable[[float, float], float] = random.uniform) -> None:
        self._backoff = Backoff(base=FIRST, cap=PERIOD, floor=1.0, rest=0.5, uniform=uniform)
        self._miss: Miss | None = None
        self._due = 0.0
        self._there_since: float | None = None

    def wanted(self, miss: Miss | None, now: float) -> bool:
        """Whether to look now, while `miss` shows; None: nothing does."""
        if miss != self._miss:
            self._miss, self._there_since = miss, None
            self._backoff.reset()
            self._due = now + self._backoff.next()
        return miss is not None and now >= self._due

    def looked(self, miss: Miss, now: float, there: bool) -> bool:
        """A look at the server of `miss` is over; whether the fault is."""
        self._due = now + self._backoff.next()
        if not there:
            self._there_since = None
            return False
        since = self._there_since = now if self._there_since is None else self._there_since
        stands = STANDS if miss.fault.passes else TRIAL
        self._due = min(self._due, since + stands)
        return miss.fault.code == "server-unreachable" or now - since >= stands
