"""Orders from outside: the button pressed by somebody who is not there, the microphone muted, the call ended, the volume set."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Final, Protocol

from kiosk.control.orders import Done, Loudness, Order, Reloaded
from kiosk.control.record import Status
from kiosk.machine.events import Event, On
from kiosk.machine.gestures import MEANING, Gesture
from kiosk.machine.states import Kiosk, State

if TYPE_CHECKING:
    from kiosk.config.model import Config
    from kiosk.dispatcher import Dispatcher
    from kiosk.loan import Loans
    from kiosk.reload import Reload

_log = logging.getLogger(__name__)

_GESTURES: Final = {Order.PRESS: Gesture.PRESS, Order.RELEASE: Gesture.RELEASE}
_EVENTS: Final = {Order.MUTE: On.MUTE, Order.UNMUTE: On.UNMUTE, Order.HANG_UP: On.HANG_UP}


class Gain(Protocol):
    """The speaker's gain (`kiosk.audio.sound.Sound`)."""

    @property
    def gain(self) -> float: ...
    @gain.setter
    def gain(self, decibel: float) -> None: ...


class Steering:
    """A `kiosk.control.orders.Board`. A press takes the button's own way, so that it means what it means in the mode."""

    def __init__(
        self,
        config: Callable[[], Config],
        dispatcher: Dispatcher,
        sound: Gain,
        collect: Callable[[], Awaitable[Status]],
        *,
        reload: Reload | None,
        loans: Loans,
    ) -> None:
        self._config = config
        self._dispatcher = dispatcher
        self._sound = sound
        self._collect = collect
        self._reload = reload
        self._loans = loans

    async def status(self) -> Status:
        """The daemon at this moment."""
        return await self._collect()

    async def reload(self, who: str) -> Reloaded | None:
        """Read the configuration again, as SIGHUP does; what came of it. None where it is no file's."""
        if self._reload is None:
            return None
        _note("reload", who)
        outcome = await self._reload.now()
        return Reloaded(
            file=str(self._reload.path),
            applied=outcome.applied,
            waiting=outcome.waiting,
            restart=outcome.restart,
            problems=outcome.problems,
            words=outcome.words,
        )

    def obey(self, order: Order, who: str) -> Done:
        """Carry the order out; all that follows from it at once has happened when this returns."""
        before = self._dispatcher.kiosk
        _note(order.value, who)
        if order in _GESTURES:
            self._dispatcher.gesture(_GESTURES[order])
        else:
            self._dispatcher.post(Event(_EVENTS[order]))
        return Done(said=self._words(order, before), state=self._dispatcher.kiosk.state, indication=self._dispatcher.indication)

    def loudness(self) -> Loudness:
        """The speaker's gain."""
        return Loudness(gain_db=self._sound.gain, configured_db=self._config().audio.speaker.gain)

    def set_gain(self, gain_db: float, who: str) -> None:
        """Until the daemon ends or is told otherwise."""
        _note(f"volume {gain_db:g} dB", who)
        self._sound.gain = gain_db

    def lend(self, who: str) -> AbstractAsyncContextManager[float]:
        """Microphone, speaker, button and LED, for a test beside the daemon; see `kiosk.loan`."""
        _note("lend", who)
        return self._loans.lend(who)

    def present(self) -> Mapping[str, object]:
        """As the chronicle tells a change of state."""
        return self._dispatcher.present()

    def _words(self, order: Order, before: Kiosk) -> str:
        after, shown = self._dispatcher.kiosk, self._dispatcher.indication
        if order in _GESTURES and MEANING[self._config().talk.mode, _GESTURES[order]] is None:
            return f"{order}: means nothing in mode {self._config().talk.mode}"
        if order in _GESTURES and self._dispatcher.lent:
            return f"{order}: means nothing while the devices are lent to {self._dispatcher.lent}"
        if order is Order.HANG_UP and before.state in (State.IDLE, State.STARTING, State.STOPPING):
            return "hangup: there is no call"
        if order in (Order.MUTE, Order.UNMUTE):
            already = " already" if before.muted is after.muted else ""
            return f"{order}: the microphone is {'muted' if after.muted else 'not muted'}{already}; the LED shows {shown}"
        change = f"{before.state} → {after.state}" if before.state is not after.state else f"still {after.state}"
        return f"{order}: {change}; the LED shows {shown}"


def _note(order: str, who: str) -> None:
    _log.info("%s, ordered by %s", order, who, extra={"kind": "steered", "cause": "steered", "fields": {"ORDER": order, "WHO": who}})
