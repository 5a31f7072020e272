"""The machine's states and what it remembers beside them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a kiosk is with its one call."""

    STARTING = "starting"
    """Devices are being opened."""
    IDLE = "idle"
    """No call; the microphone is nobody's."""
    CONNECTING = "connecting"
    """A token is being asked for and the room joined; what the visitor says is recorded."""
    LIVE = "live"
    """In the room."""
    RESUMING = "resuming"
    """In the room, and the SDK is mending its connection by itself."""
    RETRYING = "retrying"
    """Not in a room; the next attempt waits for its backoff."""
    STOPPING = "stopping"
    """The process ends; nothing brings it back."""


class Talk(StrEnum):
    """Whose turn it is inside a call, as the agent says (`lk.agent.state`) or as it is heard."""

    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"


class Timer(StrEnum):
    """What the machine waits for; each runs at most once at a time."""

    STAY = "stay"
    """The longest stay of the state."""
    TAIL = "tail"
    """The microphone stays open this long after the button is released."""
    RETRY = "retry"
    """The backoff before the next attempt."""
    PATIENCE = "patience"
    """How long a press may try to become a call."""
    SILENCE = "silence"
    """Nobody has said anything for so long."""
    CALL = "call"
    """The longest call."""
    AGENT = "agent"
    """An agent that should be in the room is not."""


@dataclass(frozen=True, slots=True)
class Kiosk:
    """All that the machine knows. `generation` numbers the connection: events of an older one are late and dropped."""

    state: State = State.STARTING
    generation: int = 0
    microphone: bool = False
    """The gate is open: what is said belongs to the call."""
    audible: bool = False
    """The agent hears the track."""
    joined: bool = False
    """This call has been live before."""
    talk: Talk = Talk.LISTENING
    muted: bool = False
    """A technician has silenced the microphone; the gate may be open all the same."""
