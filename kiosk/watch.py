"""What nobody reports by an event: API and media server out of reach, who is heard in a call, a button that stays down, lost sound."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from kiosk.audio.sound import SoundFigures
from kiosk.calls import Missed
from kiosk.errors import SessionError
from kiosk.health import Area, Health
from kiosk.machine.events import Event, On
from kiosk.machine.states import Kiosk, State, Talk
from kiosk.reach import Look, Looks, Miss, ServerLooks
from kiosk.signals import Mode

_log = logging.getLogger(__name__)

LOOK_PERIOD: Final = 1.0
"""Seconds between looks at whether a look at the API, or the media server, is due."""
HEARD_PERIOD: Final = 0.1
"""Seconds between looks at what the speaker plays."""
STUCK: Final = 10.0
"""Seconds for which a button may be held to no purpose."""
STUCK_PERIOD: Final = 0.25
"""Seconds between looks at the button."""
XRUNS_PERIOD: Final = 1.0
"""Seconds between looks at the sound card's losses."""
XRUNS_PAUSE: Final = 60.0
"""Seconds between two lines about them."""


class Reachable(Protocol):
    """The API's doorstep (`kiosk.session.tokens.Tokens`)."""

    async def reachable(self) -> SessionError | None: ...
    async def answers(self) -> SessionError | None: ...
    async def trial(self) -> SessionError | None: ...


async def watch_reach(
    tokens: Reachable, health: Health, kiosk: Callable[[], Kiosk], clock_set: Callable[[], float], post: Callable[[Event], None]
) -> None:
    """While idle, keep the session area's fault true, as far as can be without asking for sessions. Runs for ever.

    A refusal (key, balance, rights) is not cleared by the API being there: only a session that it grants does that.
    `clock_set` tells by how many seconds the calendar was set since it was asked last: certificates are judged anew at once, and a
    visitor who waits for that waits no longer.
    """
    looks, loop = Looks(), asyncio.get_running_loop()
    ways = {Look.DOORSTEP: tokens.reachable, Look.ANSWER: tokens.answers, Look.SESSION: tokens.trial}
    while True:
        if moved := clock_set():
            _log.info("the clock was set %s by %.0f s", "forward" if moved > 0 else "back", abs(moved))
            looks.anew()
        standing = health.standing().get(Area.SESSION)
        if moved and standing and standing.code == "clock" and kiosk().state is State.RETRYING:
            post(Event(On.RETRY_DUE))
        look = looks.wanted(standing, loop.time()) if kiosk().state is State.IDLE else None
        if look is not None:
            error = await ways[look]()
            # Of what was met meanwhile the look says nothing: it may have begun before.
            if health.standing().get(Area.SESSION) == standing:
                if error is None:
                    health.clear(Area.SESSION)
                elif kiosk().state is State.IDLE:
                    health.report(Area.SESSION, error.code, str(error))
            looks.looked(loop.time(), health.standing().get(Area.SESSION), (error.after or 0.0) if error else 0.0)
        await asyncio.sleep(LOOK_PERIOD)


async def watch_server(
    reachable: Callable[[str], Awaitable[bool]], health: Health, kiosk: Callable[[], Kiosk], missed: Callable[[], Missed | None]
) -> None:
    """While idle, let a fault that the last attempt met at the media server show no longer than it is true. Runs for ever.

    `reachable` tells whether the server of an address is there, `missed` where the last attempt failed. What ends which fault is the
    rule of `ServerLooks`; one whose light does not say that no call is possible stays until the next call.
    """
    looks, loop = ServerLooks(), asyncio.get_running_loop()

    def shown() -> Miss | None:
        fault, where = health.standing().get(Area.ROOM), missed()
        return Miss(fault, *where) if where and fault and fault.prevents and kiosk().state is State.IDLE else None

    while True:
        miss = shown()
        if looks.wanted(miss, loop.time()) and miss:
            there = await reachable(miss.url)
            # Meanwhile there may have been another attempt.
            if looks.looked(miss, loop.time(), there) and shown() == miss:
                if miss.fault.code != "server-unreachable":
                    _log.info("%s is what the last call met; the media server is there, and the next call may fare better", miss.fault.code)
                health.clear(Area.ROOM)
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


async def watch_button(held: Callable[[], bool], mode: Callable[[], Mode], kiosk: Callable[[], Kiosk], health: Health) -> None:
    """Name a button that is held for STUCK seconds to no purpose, until it comes up. Runs for ever.

    In `hold` mode holding is speaking and so has a purpose as long as the call lasts; under a stuck button that ends by silence
    (`session.idle_timeout`), `session.max_duration` or the agent. In the other modes, or held since the start, it has none.
    """
    since, clock = None, asyncio.get_running_loop().time
    while True:
        pressed, standing = held(), health.standing().get(Area.BUTTON)
        if not pressed or (mode() == "hold" and kiosk().state is not State.IDLE):
            since = None
        elif since is None:
            since = clock()
        if since is not None and clock() - since >= STUCK and standing is None:
            health.report(Area.BUTTON, "button-stuck", f"held for {STUCK:g} s")
        elif standing is not None and standing.code == "button-stuck" and not pressed:
            health.clear(Area.BUTTON)
        await asyncio.sleep(STUCK_PERIOD)


async def watch_xruns(figures: Callable[[], SoundFigures]) -> None:
    """Write what the sound card lost, at most once a minute. Runs for ever."""
    known = figures()
    while True:
        now = figures()
        microphone, speaker = now.microphone_xruns - known.microphone_xruns, now.speaker_xruns - known.speaker_xruns
        if microphone or speaker:
            known = now
            _log.warning("sound was lost: %d gaps at the microphone, %d at the speaker", microphone, speaker)
        await asyncio.sleep(XRUNS_PAUSE if microphone or speaker else XRUNS_PERIOD)
