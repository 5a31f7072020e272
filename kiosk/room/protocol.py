"""What the session needs of a call: the real one is `LiveKitCall`, tests have others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from kiosk.audio.frames import Block


@dataclass(frozen=True, slots=True)
class RoomStatistics:
    """How good the connection is; None and 0 where the library does not know (yet)."""

    rtt_ms: float | None = None
    """Round trip to the media server."""
    jitter_ms: float | None = None
    """Of the agent's voice as it arrives."""
    lost: int = 0
    """Packets of the agent's voice that never came."""
    concealed_ms: float = 0.0
    """Sound that the jitter buffer had to make up while the agent was not silent."""
    received: int = 0
    """Packets of the agent's voice that came."""
    sent: int = 0
    """Packets of the microphone."""
    lost_on_the_way: int | None = None
    """Packets of the microphone that the media server says it missed."""
    path: str | None = None
    """How sound leaves the device: "udp", "tcp", or over a relay "turn/udp", "turn/tcp", "turn/tls"."""


class Call(Protocol):
    """One visit to one room, used once: join, talk, leave."""

    async def join(self, url: str, token: str, *, timeout: float) -> None:
        """Joined and the microphone published, unmuted; raises RoomError. timeout: seconds for both."""
        ...

    def send(self, block: Block) -> None:
        """One block to the agent, from the capture thread; never blocks, nothing happens before join and after leave."""
        ...

    async def mute(self, muted: bool) -> None:
        """Mutes or unmutes the microphone for everybody in the room."""
        ...

    async def send_recorded(self, pcm: bytes) -> None:
        """What was said before the track was live (s16le, mono, 48 kHz), by LiveKit's pre-connect byte stream; raises RoomError."""
        ...

    async def leave(self) -> None:
        """Out of the room and everything released within 4 s; never raises; may be called again."""
        ...

    async def statistics(self) -> RoomStatistics:
        """How good the connection is now; never raises, takes at most 2 s."""
        ...
