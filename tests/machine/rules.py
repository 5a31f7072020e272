"""What the machine must do, told by meaning instead of row by row: `violations` finds what a table breaks.

The rules are written from the visitor's and the operator's side, independently of the table's layout, and together they
fix every cell; `test_mutants` proves that by changing each row and asking for a violation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kiosk.machine.effects import Do
from kiosk.machine.events import On
from kiosk.machine.states import State
from kiosk.machine.table import Nothing, Table

CALL: Final = (State.CONNECTING, State.LIVE, State.RESUMING, State.RETRYING)
IN_ROOM: Final = (State.LIVE, State.RESUMING)
CONNECTED: Final = (State.CONNECTING, *IN_ROOM)
HANG_UP_EVENTS: Final = (On.HANG_UP, On.CALL_OVER)
VISITOR: Final = (On.TALK, On.HUSH, On.TOGGLE, On.WAKE, On.HEARD, On.HANG_UP)
TIMED: Final = {
    On.TAIL_OVER: CALL,
    On.RETRY_DUE: (State.RETRYING,),
    On.PATIENCE_OVER: (State.CONNECTING, State.RETRYING),
    On.SILENCE_OVER: (State.LIVE,),
    On.CALL_OVER: CALL,
    On.AGENT_OVERDUE: (State.LIVE,),
    On.STAY_OVER: (State.STARTING, State.CONNECTING, State.RESUMING, State.RETRYING, State.STOPPING),
}
"""Where each timer may end."""
OF_ROOM: Final = {
    On.JOINED: (State.CONNECTING,),
    On.FAILED: (State.CONNECTING,),
    On.REFUSED: (State.CONNECTING,),
    On.AUDIBLE: IN_ROOM,
    On.RESUMING: IN_ROOM,
    On.RESUMED: IN_ROOM,
    On.LOST: CONNECTED,
    On.ENDED: CONNECTED,
    On.DISPLACED: CONNECTED,
    On.AGENT_ARRIVED: IN_ROOM,
    On.AGENT_LEFT: IN_ROOM,
    On.AGENT_TALK: IN_ROOM,
}
"""Where each event of a connection may come."""

Cell = tuple[State | Nothing, tuple[Do, ...]]


def _leaving(state: State) -> tuple[Do, ...]:
    return () if state is State.RETRYING else (Do.LEAVE,)


def expected(state: State, on: On) -> Cell:
    """The one right cell, derived from the rules below."""
    if state is State.STOPPING:
        return (State.STOPPING, (Do.QUIT_NOW,)) if on is On.STAY_OVER else (Nothing.IGNORED, ())
    if on is On.STOP:
        return (State.STOPPING, (*_leaving(state), Do.DISCARD, Do.QUIT) if state in CALL else (Do.QUIT,))
    for rule in (_technician, _impossible, _starting, _beginning, _ending, _gate, _connection, _live):
        if (cell := rule(state, on)) is not None:
            return cell
    return (Nothing.IGNORED, ())


def _technician(state: State, on: On) -> Cell | None:
    """A technician's mute holds wherever the device is, until it is taken back, and changes nothing else."""
    doing = {On.MUTE: Do.MUTE, On.UNMUTE: Do.UNMUTE}
    return (state, (doing[on],)) if on in doing else None


def _impossible(state: State, on: On) -> Cell | None:
    """A timer that does not run here cannot end here; a connection that is not there says nothing; a start comes once."""
    allowed = TIMED.get(on) or OF_ROOM.get(on)
    return (Nothing.ILLEGAL, ()) if allowed is not None and state not in allowed else None


def _starting(state: State, on: On) -> Cell | None:
    """Ready once the devices are open, or when waiting for them has lasted too long."""
    if state is State.STARTING and on in (On.STARTED, On.STAY_OVER):
        return State.IDLE, (Do.READY,)
    return None


def _beginning(state: State, on: On) -> Cell | None:
    """In idle a visitor's act opens the microphone first of all, says so, and connects."""
    opening = {On.TALK: Do.OPEN, On.TOGGLE: Do.OPEN, On.WAKE: Do.OPEN_EARLIER}
    if state is State.IDLE and on in opening:
        return State.CONNECTING, (opening[on], Do.CHIME_LISTENING, Do.CONNECT, Do.START_PATIENCE, Do.START_CALL)
    return None


def _ending(state: State, on: On) -> Cell | None:
    """A call that ends is left, forgotten and said so: with the fault's own tone where a fault ended it."""
    ended = on in (*HANG_UP_EVENTS, On.ENDED, On.SILENCE_OVER) or (on is On.TOGGLE and state is not State.RETRYING)
    broken = on in (On.REFUSED, On.DISPLACED, On.PATIENCE_OVER, On.AGENT_OVERDUE)
    if state in CALL and (ended or broken):
        return State.IDLE, (*_leaving(state), Do.DISCARD, Do.CHIME_ENDED if ended else Do.CHIME_FAULT)
    return None


def _gate(state: State, on: On) -> Cell | None:
    """Anywhere in a call a press opens the gate, a release lets the tail run, the tail's end closes the gate."""
    if state not in CALL:
        return None
    live = state is State.LIVE
    if on is On.TALK and state is State.RETRYING:
        return State.CONNECTING, (Do.STOP_TAIL, Do.OPEN, Do.CONNECT)
    if on is On.TALK:
        return state, (Do.STOP_TAIL, Do.OPEN, *((Do.CHIME_LISTENING, Do.START_SILENCE) if live else ()))
    if on is On.HUSH:
        return state, (Do.START_TAIL,)
    if on is On.TAIL_OVER:
        return state, (Do.CLOSE, *((Do.START_SILENCE,) if live else ()))
    return None


def _connection(state: State, on: On) -> Cell | None:
    """A connection that fails is given up before the next is waited for; what is said meanwhile is kept."""
    retry = (State.RETRYING, (Do.LEAVE, Do.START_RETRY))
    again = (State.CONNECTING, (Do.CONNECT,))
    cells: dict[tuple[State, On], Cell] = {
        (State.CONNECTING, On.JOINED): (State.LIVE, (Do.START_SILENCE, Do.START_AGENT)),
        (State.LIVE, On.LOST): (State.RETRYING, (Do.HOLD, Do.LEAVE, Do.CHIME_RECONNECTING, Do.START_RETRY)),
        (State.LIVE, On.RESUMING): (State.RESUMING, (Do.HOLD, Do.CHIME_RECONNECTING)),
        (State.RESUMING, On.RESUMED): (State.LIVE, (Do.START_SILENCE, Do.START_AGENT)),
    }
    cells |= {(place, why): retry for place in (State.CONNECTING, State.RESUMING) for why in (On.FAILED, On.LOST, On.STAY_OVER)}
    cells |= {(State.RETRYING, why): again for why in (On.RETRY_DUE, On.STAY_OVER, On.TOGGLE)}
    return cells.get((state, on))


def _live(state: State, on: On) -> Cell | None:
    """In the room, any sign of life restarts the silence; only an agent that hears is waited for no longer, however many are there.

    One that left is watched more closely, and what is said without it kept.
    """
    if state is not State.LIVE:
        return None
    doing = {
        On.HEARD: Do.START_SILENCE,
        On.WAKE: Do.START_SILENCE,
        On.AGENT_TALK: Do.START_SILENCE,
        On.AGENT_ARRIVED: Do.START_AGENT,
    }
    if on is On.AUDIBLE:
        return State.LIVE, (Do.FEED, Do.STOP_AGENT)
    if on is On.AGENT_LEFT:
        return State.LIVE, (Do.HOLD, Do.START_AGENT_BACK)
    return (State.LIVE, (doing[on],)) if on in doing else None


def violations(table: Table) -> Iterator[str]:
    """Every cell of the table that breaks a rule, and every cell that is missing."""
    for state in State:
        for on in On:
            cell = table.get((state, on))
            if cell != expected(state, on):
                yield f"({state}, {on}): {cell}, but the rules say {expected(state, on)}"
