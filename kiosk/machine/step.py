"""One step of the machine: pure, total, and the only place that changes a `Kiosk`."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Final, NamedTuple

from kiosk.machine.effects import Do
from kiosk.machine.events import Event, On
from kiosk.machine.states import Kiosk, State, Talk
from kiosk.machine.table import TABLE, Nothing, Table


class Verdict(StrEnum):
    """What became of an event."""

    TAKEN = "taken"
    IGNORED = "ignored"
    ILLEGAL = "illegal"
    LATE = "late"
    """It belongs to a connection that was given up."""


class Step(NamedTuple):
    """The kiosk after the event, what to do, in order, and what became of the event."""

    kiosk: Kiosk
    effects: tuple[Do, ...]
    verdict: Verdict


_NEW_GENERATION: Final = frozenset({Do.CONNECT, Do.LEAVE})
_GATE: Final = {Do.OPEN: True, Do.OPEN_EARLIER: True, Do.CLOSE: False, Do.DISCARD: False}
_MUTED: Final = {Do.MUTE: True, Do.UNMUTE: False}
_AUDIBLE: Final = {Do.FEED: True, Do.HOLD: False, Do.LEAVE: False, Do.CONNECT: False, Do.DISCARD: False}


def step(kiosk: Kiosk, event: Event, table: Table = TABLE) -> Step:
    """What the event makes of the kiosk. Never raises; an ignored, illegal or late event changes nothing.

    `table` is another one only in tests that prove each row needed.
    """
    if event.generation is not None and event.generation != kiosk.generation:
        return Step(kiosk, (), Verdict.LATE)
    target, effects = table[kiosk.state, event.on]
    if isinstance(target, Nothing):
        return Step(kiosk, (), Verdict(target.value))
    return Step(_after(kiosk, target, effects, event), effects, Verdict.TAKEN)


def _after(kiosk: Kiosk, target: State, effects: tuple[Do, ...], event: Event) -> Kiosk:
    microphone, audible, generation, talk = kiosk.microphone, kiosk.audible, kiosk.generation, kiosk.talk
    muted = kiosk.muted
    for effect in effects:
        microphone = _GATE.get(effect, microphone)
        audible = _AUDIBLE.get(effect, audible)
        muted = _MUTED.get(effect, muted)
        generation += effect in _NEW_GENERATION
    if event.on is On.AGENT_TALK and event.talk is not None:
        talk = event.talk
    elif event.on is On.AGENT_LEFT:
        talk = Talk.LISTENING
    in_call = target not in (State.IDLE, State.STOPPING)
    return replace(
        kiosk,
        state=target,
        generation=generation,
        microphone=microphone,
        audible=audible,
        joined=in_call and (kiosk.joined or event.on is On.JOINED),
        talk=talk if target is State.LIVE else Talk.LISTENING,
        muted=muted,
    )
