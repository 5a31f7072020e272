"""Who in the room is the agent, and what it says it does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

from livekit import rtc

from kiosk.room.events import AgentArrived, AgentLeft, AgentState, RoomEvent

STATE: Final = "lk.agent.state"
"""Attribute in which agents of LiveKit's framework publish what they do."""
STATES: Final = frozenset({"initializing", "idle", "listening", "thinking", "speaking"})


class Someone(Protocol):
    """What is needed of a participant (rtc.RemoteParticipant has it)."""

    @property
    def identity(self) -> str: ...
    @property
    def kind(self) -> int: ...
    @property
    def attributes(self) -> Mapping[str, str]: ...


def chosen(participants: Iterable[Someone]) -> Someone | None:
    """The agent: the first of kind AGENT, else the first at all."""
    everybody = list(participants)
    agents = [each for each in everybody if each.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT]
    return next(iter(agents or everybody), None)


class Agent:
    """Follows one participant and tells of its coming, going and state; everybody else in the room is ignored."""

    def __init__(self, tell: Callable[[RoomEvent], None]) -> None:
        self._tell = tell
        self._identity: str | None = None
        self._state: str | None = None

    @property
    def identity(self) -> str | None:
        """None while there is no agent."""
        return self._identity

    def look(self, participants: Iterable[Someone]) -> bool:
        """Looks who is the agent now; True when that has changed."""
        found = chosen(participants)
        identity = found.identity if found is not None else None
        if identity == self._identity:
            return False
        if self._identity is not None:
            self._tell(AgentLeft())
        self._identity, self._state = identity, None
        if found is not None:
            self._tell(AgentArrived(found.identity))
            self.follow(found.identity, found.attributes)
        return True

    def follow(self, identity: str, attributes: Mapping[str, str]) -> None:
        """The attributes of a participant as they are now; unknown states are ignored."""
        state = attributes.get(STATE)
        if identity == self._identity and state in STATES and state != self._state:
            self._state = state
            self._tell(AgentState(state))
