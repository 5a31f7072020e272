"""What the LED says of a kiosk: a function of the true state and the worst fault, of nothing else."""

from __future__ import annotations

from typing import Final

from kiosk.machine.states import Kiosk, State, Talk
from kiosk.signals import Indication

_PLAIN: Final = {
    State.STARTING: Indication.STARTING,
    State.RESUMING: Indication.RECONNECTING,
    State.STOPPING: Indication.OFF,
}
_INVITING: Final = frozenset({Indication.IDLE, Indication.CONNECTING, Indication.LISTENING, Indication.RECONNECTING})
"""Patterns that promise that what is said is heard or kept: a lie while a technician has muted the microphone."""


def indication(kiosk: Kiosk, fault: Indication | None) -> Indication:
    """The pattern to show. `fault` is that of the worst standing fault, which shows only where no call hides it."""
    shown = _unmuted(kiosk, fault)
    return Indication.MUTED if kiosk.muted and shown in _INVITING else shown


def _unmuted(kiosk: Kiosk, fault: Indication | None) -> Indication:
    match kiosk.state:
        case State.IDLE:
            return fault or Indication.IDLE
        case State.CONNECTING | State.RETRYING:
            return Indication.RECONNECTING if kiosk.joined else Indication.CONNECTING
        case State.LIVE:
            return _live(kiosk, fault)
        case _:
            return _PLAIN[kiosk.state]


def _live(kiosk: Kiosk, fault: Indication | None) -> Indication:
    """A call in which something is broken (the microphone, say) must not look like one in which the visitor is heard."""
    if kiosk.talk is Talk.SPEAKING:
        return Indication.SPEAKING
    if kiosk.talk is Talk.THINKING:
        return Indication.THINKING
    if fault is Indication.FAULT:
        return Indication.FAULT
    if not kiosk.audible:
        return Indication.CONNECTING
    return Indication.LISTENING if kiosk.microphone else Indication.MUTED
