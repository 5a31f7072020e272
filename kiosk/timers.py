"""The machine's timers on the event loop: one of each kind at a time, stopped with the state that they belong to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kiosk.machine.events import Event, On
from kiosk.machine.states import State, Timer
from kiosk.machine.table import STAYS, TIMERS

_ENDS = {
    Timer.STAY: On.STAY_OVER,
    Timer.TAIL: On.TAIL_OVER,
    Timer.RETRY: On.RETRY_DUE,
    Timer.PATIENCE: On.PATIENCE_OVER,
    Timer.SILENCE: On.SILENCE_OVER,
    Timer.CALL: On.CALL_OVER,
    Timer.AGENT: On.AGENT_OVERDUE,
}


class Timers:
    """Posts a timer's end as its event. A stopped timer never posts: all of it happens on the loop's own thread."""

    def __init__(self, post: Callable[[Event], None]) -> None:
        self._post = post
        self._running: dict[Timer, asyncio.TimerHandle] = {}

    def start(self, timer: Timer, seconds: float) -> None:
        """Run from now on, also when it ran already."""
        self.stop(timer)
        self._running[timer] = asyncio.get_running_loop().call_later(seconds, self._end, timer)

    def stop(self, timer: Timer) -> None:
        """Run no longer."""
        if handle := self._running.pop(timer, None):
            handle.cancel()

    def clear(self) -> None:
        """None runs any longer."""
        for timer in list(self._running):
            self.stop(timer)

    def enter(self, state: State) -> None:
        """A new state: its longest stay begins, timers that it does not know stop."""
        self.stop(Timer.STAY)
        for timer in set(self._running) - TIMERS[state]:
            self.stop(timer)
        if state in STAYS:
            self.start(Timer.STAY, STAYS[state])

    def _end(self, timer: Timer) -> None:
        del self._running[timer]
        self._post(Event(_ENDS[timer]))
