"""The agent's voice as a track: paced by the clock, or an echo of what arrives."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final

from aiortc.mediastreams import MediaStreamTrack
from aiortc.rtp import RtpPacket
from av.packet import Packet
from av.stream import Stream

from kiosk.sim.opus import FRAME, SILENCE, TIME_BASE

FRAME_S: Final = 0.02
LATE: Final = 0.2
"""Seconds behind the clock from which on it starts anew rather than catching up in a burst."""


class Voice(MediaStreamTrack):
    """A packet every 20 ms: what was given to `say`, silence otherwise."""

    kind = "audio"

    def __init__(self, sid: str) -> None:
        super().__init__()
        self._id = sid
        self._queue: deque[bytes] = deque()
        self._sent = 0
        self._next = 0.0

    @property
    def busy(self) -> bool:
        """There is something left to say."""
        return bool(self._queue)

    def say(self, payloads: Sequence[bytes]) -> None:
        """Adds Opus packets of 20 ms behind what is still to be said."""
        self._queue.extend(payloads)

    def hush(self) -> None:
        """Forgets what is still to be said."""
        self._queue.clear()

    async def recv(self) -> Packet[Stream]:
        """The next packet, when its time has come."""
        now = asyncio.get_running_loop().time()
        if now - self._next > LATE:
            self._next = now
        await asyncio.sleep(self._next - now)
        self._next += FRAME_S
        packet = _packet(self._queue.popleft() if self._queue else SILENCE, self._sent * FRAME)
        self._sent += 1
        return packet


class Echo(MediaStreamTrack):
    """Every packet given to `forward` goes back at once, as it came; at most 100 wait, then new ones are dropped."""

    kind = "audio"

    def __init__(self, sid: str) -> None:
        super().__init__()
        self._id = sid
        self._queue: asyncio.Queue[Packet[Stream]] = asyncio.Queue(maxsize=100)
        self._origin: int | None = None

    def forward(self, packet: RtpPacket) -> None:
        """Sends back what the visitor sent."""
        if self._origin is None:
            self._origin = packet.timestamp
        if not self._queue.full():
            self._queue.put_nowait(_packet(packet.payload, (packet.timestamp - self._origin) % (1 << 32)))

    async def recv(self) -> Packet[Stream]:
        """The next packet, as soon as there is one."""
        return await self._queue.get()


def _packet(payload: bytes, timestamp: int) -> Packet[Stream]:
    packet = Packet(payload)
    packet.pts = timestamp
    packet.time_base = TIME_BASE
    return packet
