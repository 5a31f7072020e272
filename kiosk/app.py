"""The composition root: every room is made, joined to its neighbours, started in this order and stopped in the reverse."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from kiosk.audio.ports import Canceller, SoundCard
from kiosk.audio.sound import Sound
from kiosk.boot import Boot
from kiosk.calls import Calls
from kiosk.chronicle import Chronicle, Happening
from kiosk.config.model import AudioConfig, Config
from kiosk.config.parameters import same_request
from kiosk.control.server import Control
from kiosk.dispatcher import Dispatcher, Notify
from kiosk.errors import ControlError, KioskError, PanelError, SessionError, SoundError
from kiosk.health import Area, Health, Report
from kiosk.link import NewCall
from kiosk.loan import Loans
from kiosk.machine.events import Event, On
from kiosk.machine.gestures import Gesture
from kiosk.machine.states import State
from kiosk.machine.table import STAYS
from kiosk.nursery import Nursery
from kiosk.panel.panel import Panel
from kiosk.reload import Reload
from kiosk.room.doorstep import reachable
from kiosk.session.tokens import Tokens
from kiosk.status import Collector
from kiosk.steering import Steering
from kiosk.supervisor import keep_running
from kiosk.system.clock import Jumps
from kiosk.system.journal import set_level
from kiosk.system.redact import redacted
from kiosk.system.stacks import StallStacks
from kiosk.system.watchdog import Watchdog, told_limit
from kiosk.vitals import Vitals
from kiosk.watch import watch_button, watch_heard, watch_reach, watch_server, watch_xruns

_log = logging.getLogger(__name__)

LEAVING: Final = 2.0
"""Seconds for leaving the room and ending the session at the API when the process ends (3 s in all)."""
CLOSING: Final = 0.4
"""Seconds for each of the other stages of the end."""


@dataclass(frozen=True)
class Edges:
    """Everything of a kiosk that touches the world; the demo and the tests bring their own."""

    card: SoundCard
    canceller: Callable[[AudioConfig], Canceller | None]
    panel: Panel
    tokens: Tokens
    call_maker: Callable[[Config], NewCall]
    notify: Notify
    control: Control | None = None
    """None where nobody can ask."""
    server_there: Callable[[str], Awaitable[bool]] = reachable
    """Whether the media server of an address can be reached; within seconds."""
    tidy: Callable[[], None] = lambda: None
    """Lets go of what a call has left behind, in milliseconds."""


class Device:
    """One kiosk: its rooms, joined. `run` lives until STOP is posted or SIGTERM or SIGINT comes.

    `quit_now` ends a process that will not stop in order. With `boot`, which says where `config` came from, SIGHUP reloads it.
    Made on the event loop.
    """

    def __init__(self, config: Config, edges: Edges, quit_now: Callable[[], None], boot: Boot | None = None) -> None:
        self.config = config
        self.edges = edges
        self.health = Health(clock=asyncio.get_running_loop().time)
        self.chronicle = Chronicle(words=config.log.words)
        self.nursery = Nursery()
        self.sound = Sound(config.audio, config.vad, config.earcons, edges.card, edges.canceller(config.audio))
        self.calls = Calls(
            edges.tokens, edges.call_maker(config), self.sound, self.chronicle, self.nursery, stream=config.talk.first_words == "stream"
        )
        self._stopped = asyncio.Event()
        self.dispatcher = Dispatcher(
            config,
            sound=self.sound,
            calls=self.calls,
            light=edges.panel,
            notify=edges.notify,
            health=self.health,
            chronicle=self.chronicle,
            quit=self._stopped.set,
            quit_now=quit_now,
        )
        self._stays = {**STAYS, State.LIVE: config.session.max_duration}
        vitals = Vitals(
            state=lambda: (self.dispatcher.kiosk.state, self.dispatcher.since),
            stays=self._stays,
            figures=self.sound.figures,
            health=self.health,
            clock=asyncio.get_running_loop().time,
            lent=lambda: self.dispatcher.lent is not None,
        )
        self.watchdog = Watchdog(edges.notify.watchdog, vitals.ails, StallStacks(), limit=told_limit(os.environ))
        self.status = Collector(
            config,
            str(boot.path) if boot else None,
            dispatcher=self.dispatcher,
            sound=self.sound,
            calls=self.calls,
            health=self.health,
        )
        self.reload = boot and Reload(
            boot,
            dispatcher=self.dispatcher,
            notify=edges.notify,
            health=self.health,
            nursery=self.nursery,
            idle=lambda: self.calls.idle,
            take=self._take,
        )
        self.loans = Loans(self.dispatcher, self.sound, edges.panel, lambda: self.calls.idle)
        self.steering = Steering(
            lambda: self.config, self.dispatcher, self.sound, self.status.collect, reload=self.reload, loans=self.loans
        )
        self._join()

    def _join(self) -> None:
        """Tie each room's word to the room that acts on it."""
        dispatcher, panel = self.dispatcher, self.edges.panel
        self.health.on_told = self._tell_fault
        dispatcher.on_idle = self._at_rest
        self.calls.post = dispatcher.post
        self.calls.on_failure = dispatcher.failed
        self.calls.on_falter = dispatcher.falter
        self.calls.on_mishap = dispatcher.mishap
        self.calls.on_idle = self.edges.tidy
        self.sound.on_speech = lambda: dispatcher.gesture(Gesture.SPEECH)
        self.sound.on_drained = dispatcher.drained
        self.sound.on_fault = self._on_fault
        self.edges.tokens.on_outcome = self._on_outcome
        panel.on_press = lambda: dispatcher.gesture(Gesture.PRESS)
        panel.on_release = lambda: dispatcher.gesture(Gesture.RELEASE)
        panel.on_fault = self._on_fault
        if control := self.edges.control:
            control.board = self.steering
            control.clean = redacted
            control.on_fault = lambda error: self._on_fault("control", error)
            self.chronicle.listen(lambda happening: control.tell(happening.kind, happening.detail, happening.words))

    def context(self) -> dict[str, object]:
        """What the journal is told with every record; from any thread."""
        link = self.calls.current
        session = link.grant.session_id if link and link.grant else None
        return {"STATE": self.dispatcher.kiosk.state.value, "SESSION_ID": session, "ATTEMPT": self.dispatcher.attempt or None}

    async def run(self) -> None:
        """Start, serve, stop. Returns once everything is left, closed and dark."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.dispatcher.post, Event(On.STOP))
        self.dispatcher.begin()
        if self.reload:
            self.reload.begin()
            loop.add_signal_handler(signal.SIGHUP, self.reload.ask)
        async with asyncio.TaskGroup() as root:
            parts = [root.create_task(keep_running(name, part, self.health), name=name) for name, part in self._parts().items()]
            self.nursery.spawn(self._started(), "start")
            await self._stopped.wait()
            await self._stop(parts)

    def _parts(self) -> dict[str, Callable[[], Awaitable[None]]]:
        return {
            "watchdog": self.watchdog.run,
            **({"control": self.edges.control.run} if self.edges.control else {}),
            "panel": self.edges.panel.run,
            "sound": self.sound.run,
            "tokens": self.edges.tokens.run,
            "reach": self._watch_reach,
            "server": self._watch_server,
            "heard": self._watch_heard,
            "button": self._watch_button,
            "xruns": lambda: watch_xruns(self.sound.figures),
            **({"reload": self.reload.run} if self.reload else {}),
        }

    async def _stop(self, parts: list[asyncio.Task[None]]) -> None:
        """The reverse of the start; a stage that overstays its limit is left behind."""
        await _limited("leaving the room", LEAVING, self.calls.emptied())
        await _limited("ending the tasks", CLOSING, self.nursery.close())
        for task in reversed(parts):
            task.cancel()
        await _limited("closing the devices", CLOSING, asyncio.gather(*parts, return_exceptions=True))
        await _limited("closing the API", CLOSING, self.edges.tokens.close())
        self.dispatcher.close()

    async def _started(self) -> None:
        """Both devices have been tried once: the kiosk is up, with or without them."""
        await self.sound.tried.wait()
        self.dispatcher.post(Event(On.STARTED))

    async def _take(self, config: Config) -> None:
        """Put a configuration in force; every room leaves alone what has not changed."""
        old, self.config = self.config, config
        if config.log.level != old.log.level:
            set_level(config.log.level)
        self.chronicle.words = config.log.words
        self.dispatcher.config = config
        self.status.reconfigure(config)
        self._stays[State.LIVE] = config.session.max_duration
        self.edges.panel.reconfigure(config.button, config.led)
        self.calls.reconfigure(self.edges.call_maker(config), stream=config.talk.first_words == "stream")
        # A request that is under way ends first, which may take a while.
        self.nursery.spawn(self.edges.tokens.reconfigure(config.session), "session settings")
        if not same_request(old.session, config.session):
            self._forget_answers()
        await self.sound.reconfigure(config.audio, config.vad, config.earcons, lambda: self.edges.canceller(config.audio))

    def _forget_answers(self) -> None:
        """Another session is asked for: what the API refused and where the media server failed says nothing of it."""
        standing = self.health.standing()
        if (fault := standing.get(Area.SESSION)) and not fault.passes:
            self.health.clear(Area.SESSION)
        if (fault := standing.get(Area.ROOM)) and fault.prevents:
            self.health.clear(Area.ROOM)

    def _watch_reach(self) -> Awaitable[None]:
        return watch_reach(self.edges.tokens, self.health, lambda: self.dispatcher.kiosk, Jumps().seen, self.dispatcher.post)

    def _watch_server(self) -> Awaitable[None]:
        return watch_server(self.edges.server_there, self.health, lambda: self.dispatcher.kiosk, lambda: self.calls.missed)

    def _watch_heard(self) -> Awaitable[None]:
        return watch_heard(
            self.dispatcher.post,
            lambda: self.dispatcher.kiosk,
            lambda: self.sound.figures().speaker_active,
            lambda: self.calls.agent_says,
        )

    def _tell_fault(self, report: Report, over: bool) -> None:
        fault = report.fault
        detail = {"area": report.area.value, "code": fault.code, "fault": fault.words, "mend": fault.mend, "detail": report.detail}
        self.chronicle.pass_on(Happening("fault over" if over else "fault", detail))

    def _watch_button(self) -> Awaitable[None]:
        return watch_button(lambda: self.edges.panel.held, lambda: self.config.talk.mode, lambda: self.dispatcher.kiosk, self.health)

    def _on_outcome(self, error: SessionError | None) -> None:
        """A session held ahead, or asked for on trial, shows what a visitor would meet; in a call the dispatcher is told of its own."""
        if error is None:
            self.health.clear(Area.SESSION)
        elif self.dispatcher.kiosk.state is State.IDLE:
            self.health.report(Area.SESSION, error.code, str(error))

    def _at_rest(self) -> None:
        """What the API refused in the meantime, to whomever, it refuses the next visitor too: nobody asks it before."""
        refusal, standing = self.edges.tokens.refusal, self.health.standing().get(Area.SESSION)
        if refusal and not (standing and standing.code == refusal.code):
            self.health.report(Area.SESSION, refusal.code, str(refusal))

    def _on_fault(self, area: str, error: ControlError | PanelError | SoundError | None) -> None:
        if error is None:
            self.health.clear(Area(area))
        else:
            self.health.report(Area(area), error.code, str(error))


async def _limited(name: str, limit: float, work: Awaitable[object]) -> None:
    try:
        async with asyncio.timeout(limit):
            await work
    except TimeoutError:
        _log.warning("%s took longer than %g s and was left behind", name, limit)
    except KioskError as error:
        _log.warning("%s: %s", name, error)
