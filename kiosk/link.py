"""One connection of a call and what is known of the agent in it; the rooms' ends that a call is made of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from kiosk.audio.frames import Block
from kiosk.audio.ports import Sink
from kiosk.chronicle import Chronicle
from kiosk.errors import RoomError
from kiosk.machine.states import Talk
from kiosk.room import events as room
from kiosk.room.protocol import Call
from kiosk.session.grant import Grant

_TALK: Final = {"listening": Talk.LISTENING, "thinking": Talk.THINKING, "speaking": Talk.SPEAKING, "idle": Talk.LISTENING}


class TokenSource(Protocol):
    """Where sessions come from (`kiosk.session.tokens.Tokens`)."""

    async def take(self, needed: float) -> Grant: ...
    async def end(self, grant: Grant) -> None: ...


class Uplink(Protocol):
    """The part of the sound path that a call feeds on (`kiosk.audio.sound.Sound`)."""

    def connect(self, sink: Sink) -> None: ...
    def disconnect(self, unheard: float = 0.0) -> None: ...
    def take_recorded(self) -> bytes: ...
    def hear(self, block: Block) -> None: ...
    def flush(self) -> None: ...


NewCall = Callable[[Callable[[room.RoomEvent], None], Callable[[Block], None]], Call]


class Link:
    """One connection: its call, its grant, and what is known of the agent in it."""

    def __init__(self, generation: int) -> None:
        self.generation = generation
        self.call: Call
        self.grant: Grant | None = None
        self.joining: asyncio.Task[None] | None = None
        self.over = asyncio.Event()
        """Given up."""
        self.lost: RoomError | None = None
        """Why its room ended before it was joined."""
        self.left = asyncio.Event()
        """Its room was left."""
        self.gone = asyncio.Event()
        """Left, and ended at the API."""
        self.joined = False
        self._clock = asyncio.get_running_loop().time
        self._token_since: float | None = None
        self._token_ends: float | None = None
        self.since: float | None = None
        """When the room was joined, in the loop's time."""
        self.agent_present = False
        self.agent_hears = False
        self.fed = False
        """This agent has been sent first words by byte stream, or needed none: it takes them once."""
        self.unheard = 0.0
        """Seconds before the present break in which what was sent did not arrive."""
        self.talk: Talk | None = None

    def give_up(self) -> None:
        """Nobody wants it any more: a join under way is broken off."""
        self.over.set()
        self._break_off()

    def lose(self, error: RoomError) -> None:
        """Its room has ended before it was joined: a join under way fails by this."""
        self.lost = error
        self._break_off()

    def token_came(self, lifetime: float | None) -> None:
        """The token in use is from now; `lifetime` in seconds, None where nobody says."""
        self._token_since = now = self._clock()
        self._token_ends = None if lifetime is None else now + lifetime

    def has_joined(self) -> None:
        """The room is joined, by the grant's token unless a fresher one came with the join."""
        self.joined = True
        self.since = self._clock()
        if self._token_since is None:
            self.token_came(self.grant.expires_at - self.since if self.grant else None)

    @property
    def token_age(self) -> float | None:
        """Seconds since the token in use came; None before the join. From any thread."""
        return None if self._token_since is None else self._clock() - self._token_since

    @property
    def token_left(self) -> float | None:
        """Seconds that the token in use still lives; None before the join, or where nobody says."""
        return None if self._token_ends is None else self._token_ends - self._clock()

    def note(self, event: room.RoomEvent) -> None:
        """Keep what the machine must be told again after a join or a resume."""
        match event:
            case room.AgentArrived():
                self.agent_present = True
            case room.AgentLeft():
                self.agent_present = self.agent_hears = False
                self.talk, self.fed = None, False
            case room.Resuming(unheard):
                # The room tells again when the agent hears us, in whatever way the connection was mended.
                self.agent_hears, self.unheard = False, unheard
            case room.Resumed():
                self.unheard = 0.0
            case room.Lost():
                self.agent_hears = False
            case room.HeardByAgent():
                self.agent_hears = self.agent_present = True
            case room.TokenRefreshed(lifetime):
                self.token_came(lifetime)
            case room.AgentState(state):
                self.talk = _TALK.get(state, self.talk)
            case _:
                pass

    def _break_off(self) -> None:
        if self.joining is not None:
            self.joining.cancel()


def tell(chronicle: Chronicle, event: room.RoomEvent) -> None:
    """Write down what happens in the room."""
    match event:
        case room.Transcript():
            who = "visitor" if event.of_visitor else "agent"
            chronicle.tell("transcript", words=event.text, who=who, final=event.final, segment=event.segment)
        case room.Message():
            chronicle.tell("message", words=str(event.payload), topic=event.topic)
        case room.TrackSubscribed():
            chronicle.tell("track subscribed", sid=event.sid)
        case room.TrackUnsubscribed():
            chronicle.tell("track unsubscribed", sid=event.sid)
        case room.TokenRefreshed():
            chronicle.tell("token refreshed", lifetime=event.lifetime)
        case room.Lost(error):
            chronicle.tell("disconnected", why=str(error))
        case room.Ended(reason):
            chronicle.tell("disconnected", why=reason)
        case room.Displaced():
            chronicle.tell("disconnected", why="displaced by another participant of the same identity")
        case _:
            pass
