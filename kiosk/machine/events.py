"""What can happen to a kiosk, as the machine sees it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kiosk.machine.states import Talk


class On(StrEnum):
    """The kinds of events; `gestures` says what presses and speech mean in each mode."""

    STARTED = "started"
    """Every device is open, or has said why not."""
    TALK = "talk"
    """The visitor begins to speak (press in `hold`)."""
    HUSH = "hush"
    """The visitor has spoken (release in `hold`)."""
    TOGGLE = "toggle"
    """The visitor begins or ends a call (press in `toggle` and `vad`)."""
    WAKE = "wake"
    """Speech in `vad`."""
    HEARD = "heard"
    """Speech in the other modes: the visitor is there."""
    HANG_UP = "hang up"
    """Somebody other than the button ends the call."""
    MUTE = "mute"
    """A technician wants nothing of what the microphone hears to leave the device, in this call and those after it."""
    UNMUTE = "unmute"
    """No longer."""
    JOINED = "joined"
    """The room is joined and the microphone published."""
    FAILED = "failed"
    """The attempt failed; another may be made."""
    REFUSED = "refused"
    """The attempt failed and another cannot help."""
    AUDIBLE = "audible"
    """The agent hears the track from now on."""
    RESUMING = "resuming"
    """The SDK has lost its connection and mends it."""
    RESUMED = "resumed"
    """The SDK has mended it, and what must be there is there."""
    LOST = "lost"
    """The room is gone for this connection; a fresh one may be made."""
    ENDED = "ended"
    """The other side ended the call."""
    DISPLACED = "displaced"
    """Another device took this one's identity."""
    AGENT_ARRIVED = "agent arrived"
    AGENT_LEFT = "agent left"
    AGENT_TALK = "agent talk"
    """Whose turn it is changed; the event carries `talk`."""
    TAIL_OVER = "tail over"
    RETRY_DUE = "retry due"
    PATIENCE_OVER = "patience over"
    SILENCE_OVER = "silence over"
    CALL_OVER = "call over"
    AGENT_OVERDUE = "agent overdue"
    STAY_OVER = "stay over"
    STOP = "stop"
    """The process shall end."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. Events of a connection carry its `generation`; the others carry None."""

    on: On
    generation: int | None = None
    talk: Talk | None = None
