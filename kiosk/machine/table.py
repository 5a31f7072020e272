"""The table: what every event means in every state, one row each, none left out.

A row is (state, event, next state, effects). Where nothing is done the third column says why: IGNORED is normal life (a
release with no call), ILLEGAL cannot happen while the rest of the daemon keeps its word, is logged, and changes nothing.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from kiosk.machine.effects import Do
from kiosk.machine.events import On
from kiosk.machine.states import State, Timer

S = State


class Nothing(Enum):
    """Why an event changes nothing."""

    IGNORED = "ignored"
    ILLEGAL = "illegal"


IGNORED: Final = Nothing.IGNORED
ILLEGAL: Final = Nothing.ILLEGAL

Row = tuple[State, On, State | Nothing, tuple[Do, ...]]

Table = dict[tuple[State, On], tuple[State | Nothing, tuple[Do, ...]]]

# fmt: off
ROWS: Final[tuple[Row, ...]] = (
    (S.STARTING,   On.STARTED,        S.IDLE,        (Do.READY,)),
    (S.STARTING,   On.TALK,           IGNORED,       ()),
    (S.STARTING,   On.HUSH,           IGNORED,       ()),
    (S.STARTING,   On.TOGGLE,         IGNORED,       ()),
    (S.STARTING,   On.WAKE,           IGNORED,       ()),
    (S.STARTING,   On.HEARD,          IGNORED,       ()),
    (S.STARTING,   On.HANG_UP,        IGNORED,       ()),
    (S.STARTING,   On.MUTE,           S.STARTING,    (Do.MUTE,)),
    (S.STARTING,   On.UNMUTE,         S.STARTING,    (Do.UNMUTE,)),
    (S.STARTING,   On.JOINED,         ILLEGAL,       ()),
    (S.STARTING,   On.FAILED,         ILLEGAL,       ()),
    (S.STARTING,   On.REFUSED,        ILLEGAL,       ()),
    (S.STARTING,   On.AUDIBLE,        ILLEGAL,       ()),
    (S.STARTING,   On.RESUMING,       ILLEGAL,       ()),
    (S.STARTING,   On.RESUMED,        ILLEGAL,       ()),
    (S.STARTING,   On.LOST,           ILLEGAL,       ()),
    (S.STARTING,   On.ENDED,          ILLEGAL,       ()),
    (S.STARTING,   On.DISPLACED,      ILLEGAL,       ()),
    (S.STARTING,   On.AGENT_ARRIVED,  ILLEGAL,       ()),
    (S.STARTING,   On.AGENT_LEFT,     ILLEGAL,       ()),
    (S.STARTING,   On.AGENT_TALK,     ILLEGAL,       ()),
    (S.STARTING,   On.TAIL_OVER,      ILLEGAL,       ()),
    (S.STARTING,   On.RETRY_DUE,      ILLEGAL,       ()),
    (S.STARTING,   On.PATIENCE_OVER,  ILLEGAL,       ()),
    (S.STARTING,   On.SILENCE_OVER,   ILLEGAL,       ()),
    (S.STARTING,   On.CALL_OVER,      ILLEGAL,       ()),
    (S.STARTING,   On.AGENT_OVERDUE,  ILLEGAL,       ()),
    (S.STARTING,   On.STAY_OVER,      S.IDLE,        (Do.READY,)),
    (S.STARTING,   On.STOP,           S.STOPPING,    (Do.QUIT,)),

    (S.IDLE,       On.STARTED,        IGNORED,       ()),
    (S.IDLE,       On.TALK,           S.CONNECTING,  (Do.OPEN, Do.CHIME_LISTENING, Do.CONNECT, Do.START_PATIENCE, Do.START_CALL)),
    (S.IDLE,       On.HUSH,           IGNORED,       ()),
    (S.IDLE,       On.TOGGLE,         S.CONNECTING,  (Do.OPEN, Do.CHIME_LISTENING, Do.CONNECT, Do.START_PATIENCE, Do.START_CALL)),
    (S.IDLE,       On.WAKE,           S.CONNECTING,  (Do.OPEN_EARLIER, Do.CHIME_LISTENING, Do.CONNECT, Do.START_PATIENCE, Do.START_CALL)),
    (S.IDLE,       On.HEARD,          IGNORED,       ()),
    (S.IDLE,       On.HANG_UP,        IGNORED,       ()),
    (S.IDLE,       On.MUTE,           S.IDLE,        (Do.MUTE,)),
    (S.IDLE,       On.UNMUTE,         S.IDLE,        (Do.UNMUTE,)),
    (S.IDLE,       On.JOINED,         ILLEGAL,       ()),
    (S.IDLE,       On.FAILED,         ILLEGAL,       ()),
    (S.IDLE,       On.REFUSED,        ILLEGAL,       ()),
    (S.IDLE,       On.AUDIBLE,        ILLEGAL,       ()),
    (S.IDLE,       On.RESUMING,       ILLEGAL,       ()),
    (S.IDLE,       On.RESUMED,        ILLEGAL,       ()),
    (S.IDLE,       On.LOST,           ILLEGAL,       ()),
    (S.IDLE,       On.ENDED,          ILLEGAL,       ()),
    (S.IDLE,       On.DISPLACED,      ILLEGAL,       ()),
    (S.IDLE,       On.AGENT_ARRIVED,  ILLEGAL,       ()),
    (S.IDLE,       On.AGENT_LEFT,     ILLEGAL,       ()),
    (S.IDLE,       On.AGENT_TALK,     ILLEGAL,       ()),
    (S.IDLE,       On.TAIL_OVER,      ILLEGAL,       ()),
    (S.IDLE,       On.RETRY_DUE,      ILLEGAL,       ()),
    (S.IDLE,       On.PATIENCE_OVER,  ILLEGAL,       ()),
    (S.IDLE,       On.SILENCE_OVER,   ILLEGAL,       ()),
    (S.IDLE,       On.CALL_OVER,      ILLEGAL,       ()),
    (S.IDLE,       On.AGENT_OVERDUE,  ILLEGAL,       ()),
    (S.IDLE,       On.STAY_OVER,      ILLEGAL,       ()),
    (S.IDLE,       On.STOP,           S.STOPPING,    (Do.QUIT,)),

    (S.CONNECTING, On.STARTED,        IGNORED,       ()),
    (S.CONNECTING, On.TALK,           S.CONNECTING,  (Do.STOP_TAIL, Do.OPEN)),
    (S.CONNECTING, On.HUSH,           S.CONNECTING,  (Do.START_TAIL,)),
    (S.CONNECTING, On.TOGGLE,         S.IDLE,        (Do.LEAVE, Do.DISCARD, Do.CHIME_ENDED)),
    (S.CONNECTING, On.WAKE,           IGNORED,       ()),
    (S.CONNECTING, On.HEARD,          IGNORED,       ()),
    (S.CONNECTING, On.HANG_UP,        S.IDLE,        (Do.LEAVE, Do.DISCARD, Do.CHIME_ENDED)),
    (S.CONNECTING, On.MUTE,           S.CONNECTING,  (Do.MUTE,)),
    (S.CONNECTING, On.UNMUTE,         S.CONNECTING,  (Do.UNMUTE,)),
    (S.CONNECTING, On.JOINED,         S.LIVE,        (Do.START_SILENCE, Do.START_AGENT)),
    (S.CONNECTING, On.FAILED,         S.RETRYING,    (Do.LEAVE, Do.START_RETRY)),
    (S.CONNECTING, On.REFUSED,        S.IDLE,        (Do.LEAVE, Do.DISCARD, Do.CHIME_FAULT)),
    (S.CONNECTING, On.AUDIBLE,        ILLEGAL,       ()),
    (S.CONNECTING, On.RESUMING,       ILLEGAL,       ()),
    (S.CONNECTING, On.RESUMED,        ILLEGAL,       ()),
    (S.CONNECTING, On.LOST,           S.RETRYING,    (Do.LEAVE, Do.START_RETRY)),
    (S.CONNECTING, On.ENDED,          S.IDLE,        (Do.LEAVE, Do.DISCARD, Do.CHIME_ENDED)),
    (S.CONNECTING, On.DISPLACED,      S.IDLE,        (Do.LEAVE, Do.DISCARD, Do.CHIME_FAULT)),
    (S.CONNECTING, On.AGENT_ARRIVED,  ILLEGAL,       ()),
    (S.CONNECTING, On.AGENT_LEFT,     ILLEGAL,       ()),
    (S.CONNECTING, On.AGENT_TALK,     ILLEGAL,       ()),
    (S.CONNECTING, On.TAIL_OVER,      S.CONNECTING,  (Do.CLOSE,)),
    (S.CONNECTING, On.RETRY_DUE,      ILLEGAL,       ()),
    (S.CONNECTING, On.PATIENCE_OVER,  S.IDLE,        (Do.LEAVE, Do.DISCARD, Do.CHIME_FAULT)),
    (S.CONNECTING, On.SILENCE_OVER,   ILLEGAL,       ()),
    (S.CONNECTING, On.CALL_OVER,      S.IDLE,        (Do.LEAVE, Do.DISCARD, Do.CHIME_ENDED)),
    (S.CONNECTING, On.AGENT_OVERDUE,  ILLEGAL,       ()),
    (S.CONNECTING, On.STAY_OVER,      S.RETRYING,    (Do.LEAVE, Do.START_RETRY)),
    (S.CONNECTING, On.STOP,           S.STOPPING,    (Do.LEAVE, Do.DISCARD, Do.QUIT)),

    (S.LIVE,       On.STARTED,        IGNORED,       ()),
    (S.LIVE,       On.TALK,           S.LIVE,        (Do.STOP_TAIL, Do.OPEN, Do.CHIME_LISTENING, Do.START_SILENCE)),
    (S.LIVE,       On.HUSH,           S.LIVE,        (Do.START_TAIL,)),
    (S.LIVE,       On.TOGGLE,         S.IDLE,        (Do.LEAVE, Do.DISCARD, Do.CHIME_ENDED)),
    (S.LIVE,       On.WAKE,           S.LIVE,        (Do.START_SILENCE,)),
    (S.LIVE,       On.HEARD,          S.LIVE,        (Do.START_SILENCE,)),
    (S.LIVE,       On.HANG_UP,        S.IDLE,        (Do.LEAVE, Do.DISCARD, Do.CHIME_ENDED)),
    (S.LIVE,       On.MUTE,           S.LIVE,        (Do.MUTE,)),
    (S.LIVE,       On.UNMUTE,         S.LIVE,        (Do.UNMUTE,)),
    (S.LIVE,       On.JOINED,         ILLEGAL,       ()),
    (S.LIVE,       On.FAILED,         ILLEGAL,       ()),
    (S.LIVE,       On.REFUSED,        ILLEGAL,       ()),
    (S.LIVE,       On.AUDIBLE,        S.LIVE,        (Do.FEED, Do.STOP_AGENT)),
    (S.LIVE,       On.RESUMING,       S.RESUMING,    (Do.HOLD, Do.CHIME_RECONNECTING)),
    (S.LIVE,       On.RESUMED,        IGNORED,       ()),
    (S.LIVE,       On.LOST,           S.RETRYING,    (Do.HOLD, Do.LEAVE, Do.CHIME_RECONNECTING, Do.START_RETRY)),
    (S.LIVE,       On.ENDED,          S.IDLE,        (Do.LEAVE, Do.DISCARD, Do.CHIME_ENDED)),
    (S.LIVE,       On.DISPLACED,      S.IDLE,        (Do.LEAVE, Do.DISCARD, Do.CHIME_FAULT)),
    (S.LIVE,       On.AGENT_ARRIVED,  S.LIVE,        (Do.START_AGENT,)),
    (S.LIVE,       On.AGENT_LEFT,     S.LIVE,        (Do.HOLD, Do.START_AGENT_BACK)),
    (S.LIVE,       On.AGENT_TALK,     S.LIVE,        (Do.START_SILENCE,)),
    (S.LIVE,       On.TAIL_OVER,      S.LIVE,        (Do.CLOSE, Do.START_SILENCE)),
    (S.LIVE,       On.RETRY_DUE,      ILLEGAL,       ()),
    (S.LIVE,       On.PATIENCE_OVER,  ILLEGAL,       ()),
    (S.LIVE,       On.SILENCE_OVER,   S.IDLE,        (Do.LEAVE, Do.DISCARD, Do.CHIME_ENDED)),
    (S.LIVE,       On.CALL_OVER,      S.IDLE,        (Do.LEAVE, Do.DISCARD, Do.CHIME_ENDED)),
    (S.LIVE,       On.AGENT_OVERDUE,  S.IDLE,        (Do.LEAVE, Do.DISCARD, Do.CHIME_FAULT)),
    (S.LIVE,       On.STAY_OVER,      ILLEGAL,       ()),
    (S.LIVE,       On.STOP,           S.STOPPING,    (Do.LEAVE, Do.DISCARD, Do.QUIT)),

    (S.RESUMING,   On.STARTED,        IGNORED,       ()),
    (S.RESUMING,   On.TALK,           S.RESUMING,    (Do.STOP_TAIL, Do.OPEN)),
    (S.RESUMING,   On.HUSH,           S.RESUMING,    (Do.START_TAIL,)),
    (S.RESUMING,   On.TOGGLE,         S.IDLE,        (Do.LEAVE, Do.DISCARD, Do.CHIME_ENDED)),
    (S.RESUMING,   On.WAKE,           IGNORED,       ()),
    (S.RESUMING,   On.HEARD,          IGNORED,       ()),
    (S.RESUMING,   On.HANG_UP,        S.IDLE,        (Do.LEAVE, Do.DISCARD, Do.CHIME_ENDED)),
    (S.RESUMING,   On.MUTE,           S.RESUMING,    (Do.MUTE,)),
    (S.RESUMING,   On.UNMUTE,         S.RESUMING,    (Do.UNMUTE,)),
    (S.RESUMING,   On.JOINED,         ILLEGAL,       ()),
    (S.RESUMING,   On.FAILED,         ILLEGAL,       ()),
    (S.RESUMING,   On.REFUSED,        ILLEGAL,       ()),
    (S.RESUMING,   On.AUDIBLE,        IGNORED,       ()),
    (S.RESUMING,   On.RESUMING,       IGNORED,       ()),
    (S.RESUMING,   On.RESUMED,        S.LIVE,        (Do.START_SILENCE, Do.START_AGENT)),
    (S.RESUMING,   On.LOST,           S.RETRYING,    (Do.LEAVE, Do.START_RETRY)),
    (S.RESUMING,   On.ENDED,          S.IDLE,        (Do.LEAVE, Do.DISCARD, Do.CHIME_ENDED)),
    (S.RESUMING,   On.DISPLACED,      S.IDLE,        (Do.LEAVE, Do.DISCARD, Do.CHIME_FAULT)),
    (S.RESUMING,   On.AGENT_ARRIVED,  IGNORED,       ()),
    (S.RESUMING,   On.AGENT_LEFT,     IGNORED,       ()),
    (S.RESUMING,   On.AGENT_TALK,     IGNORED,       ()),
    (S.RESUMING,   On.TAIL_OVER,      S.RESUMING,    (Do.CLOSE,)),
    (S.RESUMING,   On.RETRY_DUE,      ILLEGAL,       ()),
    (S.RESUMING,   On.PATIENCE_OVER,  ILLEGAL,       ()),
    (S.RESUMING,   On.SILENCE_OVER,   ILLEGAL,       ()),
    (S.RESUMING,   On.CALL_OVER,      S.IDLE,        (Do.LEAVE, Do.DISCARD, Do.CHIME_ENDED)),
    (S.RESUMING,   On.AGENT_OVERDUE,  ILLEGAL,       ()),
    (S.RESUMING,   On.STAY_OVER,      S.RETRYING,    (Do.LEAVE, Do.START_RETRY)),
    (S.RESUMING,   On.STOP,           S.STOPPING,    (Do.LEAVE, Do.DISCARD, Do.QUIT)),

    (S.RETRYING,   On.STARTED,        IGNORED,       ()),
    (S.RETRYING,   On.TALK,           S.CONNECTING,  (Do.STOP_TAIL, Do.OPEN, Do.CONNECT)),
    (S.RETRYING,   On.HUSH,           S.RETRYING,    (Do.START_TAIL,)),
    (S.RETRYING,   On.TOGGLE,         S.CONNECTING,  (Do.CONNECT,)),
    (S.RETRYING,   On.WAKE,           IGNORED,       ()),
    (S.RETRYING,   On.HEARD,          IGNORED,       ()),
    (S.RETRYING,   On.HANG_UP,        S.IDLE,        (Do.DISCARD, Do.CHIME_ENDED)),
    (S.RETRYING,   On.MUTE,           S.RETRYING,    (Do.MUTE,)),
    (S.RETRYING,   On.UNMUTE,         S.RETRYING,    (Do.UNMUTE,)),
    (S.RETRYING,   On.JOINED,         ILLEGAL,       ()),
    (S.RETRYING,   On.FAILED,         ILLEGAL,       ()),
    (S.RETRYING,   On.REFUSED,        ILLEGAL,       ()),
    (S.RETRYING,   On.AUDIBLE,        ILLEGAL,       ()),
    (S.RETRYING,   On.RESUMING,       ILLEGAL,       ()),
    (S.RETRYING,   On.RESUMED,        ILLEGAL,       ()),
    (S.RETRYING,   On.LOST,           ILLEGAL,       ()),
    (S.RETRYING,   On.ENDED,          ILLEGAL,       ()),
    (S.RETRYING,   On.DISPLACED,      ILLEGAL,       ()),
    (S.RETRYING,   On.AGENT_ARRIVED,  ILLEGAL,       ()),
    (S.RETRYING,   On.AGENT_LEFT,     ILLEGAL,       ()),
    (S.RETRYING,   On.AGENT_TALK,     ILLEGAL,       ()),
    (S.RETRYING,   On.TAIL_OVER,      S.RETRYING,    (Do.CLOSE,)),
    (S.RETRYING,   On.RETRY_DUE,      S.CONNECTING,  (Do.CONNECT,)),
    (S.RETRYING,   On.PATIENCE_OVER,  S.IDLE,        (Do.DISCARD, Do.CHIME_FAULT)),
    (S.RETRYING,   On.SILENCE_OVER,   ILLEGAL,       ()),
    (S.RETRYING,   On.CALL_OVER,      S.IDLE,        (Do.DISCARD, Do.CHIME_ENDED)),
    (S.RETRYING,   On.AGENT_OVERDUE,  ILLEGAL,       ()),
    (S.RETRYING,   On.STAY_OVER,      S.CONNECTING,  (Do.CONNECT,)),
    (S.RETRYING,   On.STOP,           S.STOPPING,    (Do.DISCARD, Do.QUIT)),

    (S.STOPPING,   On.STARTED,        IGNORED,       ()),
    (S.STOPPING,   On.TALK,           IGNORED,       ()),
    (S.STOPPING,   On.HUSH,           IGNORED,       ()),
    (S.STOPPING,   On.TOGGLE,         IGNORED,       ()),
    (S.STOPPING,   On.WAKE,           IGNORED,       ()),
    (S.STOPPING,   On.HEARD,          IGNORED,       ()),
    (S.STOPPING,   On.HANG_UP,        IGNORED,       ()),
    (S.STOPPING,   On.MUTE,           IGNORED,       ()),
    (S.STOPPING,   On.UNMUTE,         IGNORED,       ()),
    (S.STOPPING,   On.JOINED,         IGNORED,       ()),
    (S.STOPPING,   On.FAILED,         IGNORED,       ()),
    (S.STOPPING,   On.REFUSED,        IGNORED,       ()),
    (S.STOPPING,   On.AUDIBLE,        IGNORED,       ()),
    (S.STOPPING,   On.RESUMING,       IGNORED,       ()),
    (S.STOPPING,   On.RESUMED,        IGNORED,       ()),
    (S.STOPPING,   On.LOST,           IGNORED,       ()),
    (S.STOPPING,   On.ENDED,          IGNORED,       ()),
    (S.STOPPING,   On.DISPLACED,      IGNORED,       ()),
    (S.STOPPING,   On.AGENT_ARRIVED,  IGNORED,       ()),
    (S.STOPPING,   On.AGENT_LEFT,     IGNORED,       ()),
    (S.STOPPING,   On.AGENT_TALK,     IGNORED,       ()),
    (S.STOPPING,   On.TAIL_OVER,      IGNORED,       ()),
    (S.STOPPING,   On.RETRY_DUE,      IGNORED,       ()),
    (S.STOPPING,   On.PATIENCE_OVER,  IGNORED,       ()),
    (S.STOPPING,   On.SILENCE_OVER,   IGNORED,       ()),
    (S.STOPPING,   On.CALL_OVER,      IGNORED,       ()),
    (S.STOPPING,   On.AGENT_OVERDUE,  IGNORED,       ()),
    (S.STOPPING,   On.STAY_OVER,      S.STOPPING,    (Do.QUIT_NOW,)),
    (S.STOPPING,   On.STOP,           IGNORED,       ()),
)
# fmt: on


def table_of(rows: tuple[Row, ...]) -> Table:
    """The rows by state and event."""
    return {(state, on): (target, effects) for state, on, target, effects in rows}


TABLE: Final = table_of(ROWS)

STAYS: Final[dict[State, float]] = {
    State.STARTING: 20.0,
    # Token (10 s) and join (15 s) have limits of their own; this one only catches their failure to keep them.
    State.CONNECTING: 30.0,
    # The SDK gives up after 17-20 s when refused and 103 s when packets vanish; a fresh room is quicker than the latter.
    State.RESUMING: 30.0,
    # A server may tell us to wait an hour; no wait is longer.
    State.RETRYING: 3660.0,
    State.STOPPING: 2.8,
}
"""Longest stay in seconds of every state that is not at rest; IDLE and LIVE are at rest (a call's length is the configuration's)."""

TIMERS: Final[dict[State, frozenset[Timer]]] = {
    State.STARTING: frozenset({Timer.STAY}),
    State.IDLE: frozenset(),
    State.CONNECTING: frozenset({Timer.STAY, Timer.TAIL, Timer.PATIENCE, Timer.CALL}),
    State.LIVE: frozenset({Timer.TAIL, Timer.SILENCE, Timer.CALL, Timer.AGENT}),
    State.RESUMING: frozenset({Timer.STAY, Timer.TAIL, Timer.CALL}),
    State.RETRYING: frozenset({Timer.STAY, Timer.TAIL, Timer.RETRY, Timer.PATIENCE, Timer.CALL}),
    State.STOPPING: frozenset({Timer.STAY}),
}
"""Timers that may run in a state; every other one is stopped on the way in."""
