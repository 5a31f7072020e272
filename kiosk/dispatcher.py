"""The dispatcher: takes events in, lets the machine decide, and carries its orders out on the devices.

Everything runs on the event loop's thread and nothing here waits, so a press is on the LED and in the gate before `post`
returns.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from kiosk.attempts import Attempts
from kiosk.chronicle import Chronicle
from kiosk.config.model import Config
from kiosk.errors import RoomError, SessionError
from kiosk.faults import FAULTS, Fault
from kiosk.health import Area, Health
from kiosk.machine.effects import Do
from kiosk.machine.events import Event, On
from kiosk.machine.gestures import MEANING, Gesture
from kiosk.machine.indication import indication
from kiosk.machine.states import Kiosk, State, Timer
from kiosk.machine.step import Verdict, step
from kiosk.signals import Earcon, Indication
from kiosk.timers import Timers

_log = logging.getLogger(__name__)

AGENT_LIMIT: Final = 9.0
"""Seconds in which an agent must come into the room: within 10 s its absence is said and the room is left."""
AGENT_BACK_LIMIT: Final = 4.0
"""Seconds in which an agent that left must come back, or another in its place: said and left within 5 s."""


_IN_CALL: Final = frozenset({State.CONNECTING, State.LIVE, State.RESUMING, State.RETRYING})


class Ear(Protocol):
    """The sound path as the dispatcher orders it (`kiosk.audio.sound.Sound`)."""

    def open_microphone(self, pre_roll: float = 0.0) -> None: ...
    def close_microphone(self) -> None: ...
    def discard(self) -> None: ...
    def play(self, earcon: Earcon) -> None: ...
    def mute(self, muted: bool) -> None: ...


class Line(Protocol):
    """The calls as the dispatcher orders them (`kiosk.calls.Calls`)."""

    def connect(self, generation: int) -> None: ...
    def leave(self) -> None: ...
    def feed(self) -> None: ...
    def hold(self) -> None: ...
    def mute(self, muted: bool) -> None: ...


class Light(Protocol):
    """The LED (`kiosk.panel.panel.Panel`)."""

    def show(self, indication: Indication) -> None: ...


class Notify(Protocol):
    """The service manager (`kiosk.system.notify.Notifier`)."""

    def reloading(self) -> None: ...
    def ready(self) -> None: ...
    def stopping(self) -> None: ...
    def status(self, text: str) -> None: ...
    def watchdog(self) -> None: ...


class Dispatcher:
    """One kiosk, its devices and its timers. `quit` ends the process in order, `quit_now` at once."""

    def __init__(
        self,
        config: Config,
        *,
        sound: Ear,
        calls: Line,
        light: Light,
        notify: Notify,
        health: Health,
        chronicle: Chronicle,
        quit: Callable[[], None],
        quit_now: Callable[[], None],
    ) -> None:
        self.config = config
        """In force; may be replaced at any time."""
        self._sound = sound
        self._calls = calls
        self._light = light
        self._notify = notify
        self._health = health
        self._chronicle = chronicle
        self._timers = Timers(self.post)
        self._attempts = Attempts()
        self._deaf_until = 0.0
        self._queue: deque[Event] = deque()
        self._busy = False
        self._shown: tuple[Indication, str] | None = None
        self._remark = ""
        self._lent: str | None = None
        self.started = asyncio.Event()
        """Every device has been tried; READY is told."""
        self.kiosk = Kiosk()
        self.since = 0.0
        """When the state was entered, in the loop's time."""
        self.why: On | None = None
        """What led into the state; None for the first."""
        self._deaf = False
        self._falters = False
        self._blamed: Fault | None = None
        self.on_idle: Callable[[], None] = lambda: None
        """The kiosk has become idle: whatever the next visitor would meet is to be reported now."""
        health.on_change = self._health_changed
        self._end = quit
        self._orders: dict[Do, Callable[[], None]] = self._device_orders() | self._timer_orders()
        self._orders |= {Do.QUIT: self._quit, Do.QUIT_NOW: quit_now}

    def begin(self) -> None:
        """Show the first state and let its longest stay begin."""
        self._enter()
        self.show()

    def close(self) -> None:
        """Everything is stopped: no timer, the last resort among them, fires any longer."""
        self._timers.clear()

    def gesture(self, gesture: Gesture) -> None:
        """The visitor did something. Speech right after a call is its echo in the hall and wakes nobody."""
        if self._lent is not None:
            return
        if gesture is Gesture.SPEECH and self.kiosk.state is State.IDLE and asyncio.get_running_loop().time() < self._deaf_until:
            return
        if on := MEANING[self.config.talk.mode, gesture]:
            self.post(Event(on))

    def failed(self, generation: int, error: SessionError | RoomError) -> None:
        """A connection attempt failed: the error's kind decides whether and when there is another."""
        if generation != self.kiosk.generation:
            return
        earlier = self._blamed or self._health.standing().get(Area.SESSION)
        if error.code == "budget" and earlier:
            # That the device has asked often enough is no news beside what it has been told.
            self._blamed = earlier
        else:
            self._blame(Area.SESSION if isinstance(error, SessionError) else Area.ROOM, error.code, str(error))
        final = self._attempts.failed(error, joined=self.kiosk.joined)
        self.post(Event(On.REFUSED if final else On.FAILED, generation))

    def mishap(self, generation: int, error: RoomError) -> None:
        """Something in the call went wrong that does not end it: the visitor is told by its tone."""
        if generation == self.kiosk.generation:
            self._health.report(Area.ROOM, error.code, str(error))
            self._sound.play(FAULTS[error.code].earcon)

    def falter(self, generation: int, falters: bool) -> None:
        """The call's connection may carry nothing: the light says so before anything else is done about it."""
        if generation == self.kiosk.generation and self.kiosk.state is State.LIVE:
            self._falters = falters
            self.show()

    def post(self, event: Event) -> None:
        """Take the event: all that follows from it is ordered when this returns (events posted meanwhile come after)."""
        self._queue.append(event)
        if self._busy:
            return
        self._busy = True
        try:
            while self._queue:
                self._take(self._queue.popleft())
        finally:
            self._busy = False

    def drained(self) -> None:
        """Everything that was said has been sent: the room may be told that the microphone is off."""
        if not self.kiosk.microphone:
            self._tell_gate()

    @property
    def indication(self) -> Indication:
        """What the LED shows: the true state."""
        worst = self._health.worst
        return indication(self.kiosk, worst.indication if worst else None, deaf=self._deaf, falters=self._falters)

    @property
    def heard(self) -> bool:
        """The agent hears what is said now, as far as anybody knows."""
        return self.kiosk.audible and not self._falters

    @property
    def attempt(self) -> int:
        """Which try at a connection this is, from 1; 0 where none is being made."""
        return self._attempts.made + 1 if self.kiosk.state in (State.CONNECTING, State.RETRYING) else 0

    def remark(self, text: str) -> None:
        """What STATUS says beside state and fault, until it is said otherwise; empty for nothing."""
        self._remark = text
        self.show()

    @property
    def lent(self) -> str | None:
        """Who has the devices, where it is not the kiosk itself: no gesture means anything meanwhile."""
        return self._lent

    def lend(self, who: str | None) -> None:
        """The devices are theirs from now on; None: the kiosk's again."""
        self._lent = who
        self.show()

    def present(self) -> dict[str, str | None]:
        """The state as it is told to those who listen."""
        worst = self._health.worst
        return {"state": self.kiosk.state.value, "indication": self.indication.value, "fault": worst.code if worst else None}

    def _health_changed(self) -> None:
        """A visitor who is speaking is told aloud that the microphone has broken; the next press tells whoever comes later."""
        was_deaf, self._deaf = self._deaf, Area.MICROPHONE in self._health.standing()
        self.show()
        if self._deaf and not was_deaf and self.kiosk.state in _IN_CALL:
            self._sound.play(Earcon.MICROPHONE)

    def show(self) -> None:
        """Bring LED and STATUS to the true state."""
        worst, shown = self._health.worst, self.indication
        status = f"{self.kiosk.state}{f' ({shown})' if shown.value != self.kiosk.state.value else ''}{f': {worst.words}' if worst else ''}"
        status += f"; devices lent to {self._lent}" if self._lent else ""
        status += f"; {self._remark}" if self._remark else ""
        if self._shown == (shown, status):
            return
        self._shown = (shown, status)
        self._light.show(shown)
        self._notify.status(status)
        self._chronicle.tell("state", **self.present())

    def _take(self, event: Event) -> None:
        before = self.kiosk
        self.kiosk, effects, verdict = step(before, event)
        if verdict is Verdict.ILLEGAL:
            _log.warning("%s cannot happen in %s: nothing was done", event.on, before.state)
        if self.kiosk.state is not before.state:
            self.why = event.on
            self._enter()
        if self.kiosk.state is State.IDLE and before.state not in (State.IDLE, State.STARTING):
            self._deaf_until = asyncio.get_running_loop().time() + self.config.vad.refractory
        if before.state is State.IDLE:
            self._blamed = None
        self._note(event, verdict)
        if self.kiosk.state is State.IDLE and before.state is not State.IDLE:
            self.on_idle()
        # The light goes first: it is what the visitor looks at, and every order after it costs time.
        self.show()
        for effect in effects:
            self._orders[effect]()

    def _enter(self) -> None:
        self.since = asyncio.get_running_loop().time()
        self._falters = False
        self._timers.enter(self.kiosk.state)

    def _note(self, event: Event, verdict: Verdict) -> None:
        """What the outcome of an event says about the device's health."""
        if verdict is not Verdict.TAKEN:
            return
        if event.on is On.JOINED:
            self._health.clear(Area.SESSION)
        elif event.on is On.AUDIBLE:
            self._health.clear(Area.ROOM)
            self._attempts.worked()
            self._blamed = None
        elif event.on in (On.DISPLACED, On.AGENT_OVERDUE):
            self._blame(Area.ROOM, "displaced" if event.on is On.DISPLACED else "agent-missing")
            if event.on is On.DISPLACED:
                self._attempts.displaced()
        elif event.on is On.PATIENCE_OVER and self._blamed is None:
            self._blame(Area.ROOM, "no-connection")
        if self.kiosk.state is State.IDLE:
            self._attempts.worked()

    def _blame(self, area: Area, code: str, detail: str = "") -> None:
        """This fault is what a failing call fails by, whatever else is wrong with the device; its tone tells so."""
        self._blamed = FAULTS[code]
        self._health.report(area, code, detail)

    def _device_orders(self) -> dict[Do, Callable[[], None]]:
        return {
            Do.READY: self._ready,
            Do.CONNECT: self._connect,
            Do.LEAVE: self._calls.leave,
            Do.OPEN: lambda: self._open(0.0),
            Do.OPEN_EARLIER: lambda: self._open(self.config.vad.pre_roll),
            Do.CLOSE: self._sound.close_microphone,
            Do.FEED: self._feed,
            Do.HOLD: self._calls.hold,
            Do.DISCARD: self._sound.discard,
            Do.MUTE: self._mute,
            Do.UNMUTE: self._mute,
            # Whoever speaks into a microphone that is muted or broken is told that it does not hear.
            Do.CHIME_LISTENING: lambda: self._sound.play(Earcon.MICROPHONE if self.kiosk.muted or self._deaf else Earcon.LISTENING),
            Do.CHIME_RECONNECTING: lambda: self._sound.play(Earcon.RECONNECTING),
            Do.CHIME_ENDED: lambda: self._sound.play(Earcon.ENDED),
            Do.CHIME_FAULT: lambda: self._sound.play(self._blamed.earcon if self._blamed else Earcon.ERROR),
        }

    def _timer_orders(self) -> dict[Do, Callable[[], None]]:
        timers = self._timers
        return {
            Do.START_TAIL: lambda: timers.start(Timer.TAIL, self.config.talk.release_tail),
            Do.STOP_TAIL: lambda: timers.stop(Timer.TAIL),
            Do.START_RETRY: lambda: timers.start(Timer.RETRY, self._attempts.delay()),
            Do.START_PATIENCE: lambda: timers.start(Timer.PATIENCE, self.config.session.connect_timeout),
            Do.START_SILENCE: lambda: timers.start(Timer.SILENCE, self.config.session.idle_timeout),
            Do.START_CALL: lambda: timers.start(Timer.CALL, self.config.session.max_duration),
            Do.START_AGENT: lambda: timers.start(Timer.AGENT, AGENT_LIMIT),
            Do.START_AGENT_BACK: lambda: timers.start(Timer.AGENT, AGENT_BACK_LIMIT),
            Do.STOP_AGENT: lambda: timers.stop(Timer.AGENT),
        }

    def _connect(self) -> None:
        if (barred := self._attempts.barred(asyncio.get_running_loop().time())) is None:
            self._calls.connect(self.kiosk.generation)
        else:
            self.failed(self.kiosk.generation, barred)

    def _open(self, pre_roll: float) -> None:
        self._tell_gate()
        self._sound.open_microphone(pre_roll)

    def _feed(self) -> None:
        # What was said before the gate closed is still to go out: the track is live for it, and `drained` closes it again.
        self._calls.mute(self.kiosk.muted)
        self._calls.feed()

    def _mute(self) -> None:
        self._sound.mute(self.kiosk.muted)
        self._tell_gate()

    def _tell_gate(self) -> None:
        """Tell the room whether the microphone is live."""
        self._calls.mute(self.kiosk.muted or not self.kiosk.microphone)

    def _ready(self) -> None:
        self._notify.ready()
        self.started.set()

    def _quit(self) -> None:
        self._notify.stopping()
        self._end()
