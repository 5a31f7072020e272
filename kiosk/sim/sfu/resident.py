"""The seam between the media server and the agent that lives in it."""

from __future__ import annotations

import asyncio
from typing import Protocol

from aiortc.mediastreams import MediaStreamTrack
from aiortc.rtp import RtpPacket
from livekit.protocol.models import DataPacket, ParticipantInfo


class Door(Protocol):
    """What the agent can do towards the one visitor of its room; all on the event loop."""

    identity: str
    ready: asyncio.Event
    """Set when the visitor can hear and read."""

    def send(self, packet: DataPacket) -> None: ...

    async def announce(self) -> None: ...


class Resident(Protocol):
    """The other participant of a room, in the server's own process."""

    @property
    def voice(self) -> MediaStreamTrack: ...

    def info(self) -> ParticipantInfo: ...

    def published(self, track: str, preconnect: bool) -> None: ...

    def packet(self, packet: RtpPacket) -> None: ...

    def data(self, packet: bytes) -> None: ...

    async def live(self, door: Door) -> None: ...
