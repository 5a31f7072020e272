"""Whether and when another connection may be made: who must wait as told, who must not hammer, who may try soon, who must not flap.

Pure: the time and the randomness are handed in, so that the crowd's simulation runs on the same rules as the device.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from kiosk.backoff import Backoff
from kiosk.errors import Retry, RoomError, SessionError

LONGEST_HOLD: Final = 10.0
"""Seconds: a visitor who has not been connected yet waits no longer than this for a told wait; the tone says so at once."""
CAP: Final = 60.0
"""Longest wait between two attempts in seconds; half of it always passes once it is reached."""
QUICK: Final = 1.0
"""First ceiling in seconds where the network or the media server failed: what is gone may be back at once."""
SLOWLY: Final = 1.4
"""By what that ceiling grows: after a minute without a network it is still below 8 s, so that the visitor is back within 10."""
GENTLE: Final = 8.0
"""First ceiling where the API itself answered with a failure: 18 requests in 10 minutes, more than 20 in one of 10 million."""
TWINS: Final = 300.0
"""Seconds in which a device that was thrown out by another one of its identity joins again once."""


class Attempts:
    """One device's pace. Seconds; `now` is monotonic."""

    def __init__(self, uniform: Callable[[float, float], float] = random.uniform) -> None:
        self._quick = Backoff(base=QUICK, cap=CAP, growth=SLOWLY, rest=0.5, uniform=uniform)
        self._gentle = Backoff(base=GENTLE, cap=CAP, rest=0.5, uniform=uniform)
        self._pace = self._quick
        self._told = 0.0
        self._displaced = False
        self._rejoined = -TWINS
        self.made = 0
        """Attempts that were waited for since something worked."""

    def failed(self, error: SessionError | RoomError, *, joined: bool) -> bool:
        """An attempt failed; True where there shall be no other for this visitor. joined: the call has been live before."""
        of_api = isinstance(error, SessionError)
        self._pace = self._gentle if of_api and error.sent else self._quick
        self._told = (error.after or 0.0) if of_api else 0.0
        too_long = not joined and self._told > LONGEST_HOLD
        return error.retry in (Retry.REFUSED, Retry.NEVER) or (error.retry is Retry.WAIT and too_long)

    def delay(self) -> float:
        """Until the next attempt."""
        self.made += 1
        return self._pace.next(self._told)

    def worked(self) -> None:
        """Begin anew: the call is whole, or nobody wants one."""
        self._pace, self._told, self.made = self._quick, 0.0, 0
        self._quick.reset()
        self._gentle.reset()

    def displaced(self) -> None:
        """Another participant of the same identity threw this one out."""
        self._displaced = True

    def barred(self, now: float) -> RoomError | None:
        """Asked once before each attempt: why it must not be made. Rejoining throws the other one out in its turn."""
        if not self._displaced:
            return None
        if (left := self._rejoined + TWINS - now) > 0:
            text = f"another device uses this one's identity; not joined again for {left:.0f} s"
            return RoomError(text, code="displaced", retry=Retry.REFUSED, hint="give each device its own session.participant_identity")
        self._displaced, self._rejoined = False, now
        return None
