"""What the LED says of a kiosk: a function of the true state, the worst fault and the microphone, of nothing else."""

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
"""Patterns that promise that what is said is heard or kept: a lie while the microphone is broken or a technician has muted it."""


def indication(kiosk: Kiosk, fault: Indication | None, *, deaf: bool = False, falters: bool = False) -> Indication:
    """The pattern to show.

    `fault` is that of the worst standing fault, which shows only where no call hides it; `deaf`: no microphone; `falters`: the call's
    connection may carry nothing now.
    """
    shown = Indication.RECONNECTING if falters and kiosk.state is State.LIVE else _unmuted(kiosk, fault)
    if shown in _INVITING and (deaf or kiosk.muted):
        return Indication.FAULT if deaf else Indication.MUTED
    return shown


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
