"""What nobody reports by an event: that the API is out of reach while nothing happens, and who is heard in a call."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Protocol

from kiosk.errors import SessionError
from kiosk.health import Area, Health
from kiosk.machine.events import Event, On
from kiosk.machine.states import Kiosk, State, Talk
from kiosk.reach import Look, Looks

_log = logging.getLogger(__name__)

LOOK_PERIOD: Final = 1.0
"""Seconds between looks at whether a look at the API is due."""
HEARD_PERIOD: Final = 0.1
"""Seconds between looks at what the speaker plays."""


class Reachable(Protocol):
    """The API's doorstep (`kiosk.session.tokens.Tokens`)."""

    async def reachable(self) -> SessionError | None: ...
    async def answers(self) -> SessionError | None: ...
    async def trial(self) -> SessionError | None: ...


async def watch_reach(tokens: Reachable, health: Health, kiosk: Callable[[], Kiosk], clock_set: Callable[[], float]) -> None:
    """While idle, keep the session area's fault true, as far as can be without asking for sessions. Runs for ever.

    A refusal (key, balance, rights) is not cleared by the API being there: only a session that it grants does that.
    `clock_set` tells by how many seconds the calendar was set since it was asked last: certificates are judged anew at once.
    """
    looks, loop = Looks(), asyncio.get_running_loop()
    ways = {Look.DOORSTEP: tokens.reachable, Look.ANSWER: tokens.answers, Look.SESSION: tokens.trial}
    while True:
        if moved := clock_set():
            _log.info("the clock was set %s by %.0f s", "forward" if moved > 0 else "back", abs(moved))
            looks.anew()
        look = looks.wanted(health.standing().get(Area.SESSION), loop.time()) if kiosk().state is State.IDLE else None
        if look is not None:
            error = await ways[look]()
            if error is None:
                health.clear(Area.SESSION)
            elif kiosk().state is State.IDLE:
                health.report(Area.SESSION, error.code, str(error))
            looks.looked(loop.time(), health.standing().get(Area.SESSION), (error.after or 0.0) if error else 0.0)
        await asyncio.sleep(LOOK_PERIOD)


async def watch_heard(
    post: Callable[[Event], None], kiosk: Callable[[], Kiosk], speaking: Callable[[], bool], agent_says: Callable[[], bool]
) -> None:
    """In a call, tell the machine that the agent is heard: a sign of life, and its turn where it does not say so itself."""
    while True:
        await asyncio.sleep(HEARD_PERIOD)
        now = kiosk()
        if now.state is not State.LIVE:
            continue
        heard = speaking()
        if heard:
            post(Event(On.HEARD))
        talk = Talk.SPEAKING if heard else Talk.LISTENING
        if not agent_says() and now.talk is not talk:
            post(Event(On.AGENT_TALK, now.generation, talk))
