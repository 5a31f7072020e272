"""What a call tells the session: plain values, no library types."""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.errors import RoomError


@dataclass(frozen=True, slots=True)
class Resuming:
    """The connection is broken and is being mended; audio sent meanwhile, and in the last `unheard` seconds, may be lost."""

    unheard: float = 0.0


@dataclass(frozen=True, slots=True)
class Faltering:
    """Nothing comes from the media server any more, for a second at most so far; or (not `falters`) something comes again.

    It may be an accident: nothing is mended yet, and what is sent is not lost.
    """

    falters: bool


@dataclass(frozen=True, slots=True)
class Resumed:
    """The connection is whole again and the microphone's publication was checked."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The room is gone and this call with it; a new call with a new token may be made."""

    error: RoomError


@dataclass(frozen=True, slots=True)
class Ended:
    """The session is over by the other side's will. reason: "removed" | "deleted" | "closed"."""

    reason: str


@dataclass(frozen=True, slots=True)
class Displaced:
    """Another participant joined under our identity: rejoining would throw that one out in turn."""


@dataclass(frozen=True, slots=True)
class AgentArrived:
    """The agent is in the room."""

    identity: str


@dataclass(frozen=True, slots=True)
class AgentLeft:
    """The agent is no longer in the room (it also leaves and returns in a full reconnect)."""


@dataclass(frozen=True, slots=True)
class AgentState:
    """What the agent says it does: initializing, idle, listening, thinking or speaking."""

    state: str


@dataclass(frozen=True, slots=True)
class HeardByAgent:
    """Audio sent from now on reaches the agent whole: connect the microphone now. Told again after each `Resuming`."""


@dataclass(frozen=True, slots=True)
class TrackSubscribed:
    """The agent's audio track is being received."""

    identity: str
    sid: str


@dataclass(frozen=True, slots=True)
class TrackUnsubscribed:
    """The agent's audio track is received no longer."""

    identity: str
    sid: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said, so far or (`final`) in all of this segment. text: the whole segment, at most 8 KiB as UTF-8."""

    identity: str
    text: str
    final: bool
    segment: str
    of_visitor: bool


@dataclass(frozen=True, slots=True)
class Message:
    """A JSON message that is no transcript. payload: what `json.loads` gives for at most 64 KiB."""

    topic: str
    payload: object


@dataclass(frozen=True, slots=True)
class TokenRefreshed:
    """The server sent a fresh token, which the library uses to reconnect. lifetime: seconds until it ends, None if it does not say."""

    lifetime: float | None


RoomEvent = (
    Faltering
    | Resuming
    | Resumed
    | Lost
    | Ended
    | Displaced
    | AgentArrived
    | AgentLeft
    | AgentState
    | HeardByAgent
    | TrackSubscribed
    | TrackUnsubscribed
    | Transcript
    | Message
    | TokenRefreshed
)
