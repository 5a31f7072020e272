"""What the agent hears: the visitor's RTP packets as one unbroken line of samples, whatever DTX left out."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from typing import Final, NamedTuple

import numpy as np
from aiortc.rtp import RtpPacket

from kiosk.audio.frames import RATE, Block
from kiosk.sim.opus import Decoder

LONGEST_GAP: Final = 10 * RATE
"""Samples of silence filled in at most; a larger step in the timestamps is a new beginning."""


class Chunk(NamedTuple):
    """Samples that arrived together at `at` (loop's time); `start` is the place of the first one since the agent came in."""

    start: int
    samples: Block
    at: float


class Heard(NamedTuple):
    """A stretch of what was heard: 48 kHz mono; `start` is the place of its first sample, `chunks` says when each part arrived."""

    start: int
    samples: Block
    chunks: list[Chunk]

    def arrived(self, sample: int) -> float:
        """The loop's time at which `samples[sample]` was here."""
        return self.chunks[max(0, bisect_right(self.chunks, sample + self.start, key=lambda chunk: chunk.start) - 1)].at


class Ears:
    """A bounded memory of what arrived (the last `seconds`), fed packet by packet."""

    def __init__(self, seconds: float = 60.0) -> None:
        self.total = 0
        self.lost = 0
        self._limit = int(seconds * RATE)
        self._chunks: deque[Chunk] = deque()
        self._decoder = Decoder()
        self._ssrc: int | None = None
        self._sequence = 0
        self._expected = 0

    @property
    def heard(self) -> Heard:
        """Everything that is still remembered."""
        samples = [chunk.samples for chunk in self._chunks]
        start = self._chunks[0].start if self._chunks else 0
        return Heard(start, np.concatenate(samples) if samples else np.zeros(0, np.int16), list(self._chunks))

    def packet(self, packet: RtpPacket, at: float) -> Block:
        """Takes one packet; returns its own samples, none when it came late, twice or empty."""
        if packet.ssrc != self._ssrc:
            self._begin(packet)
        step = (packet.sequence_number - self._sequence) & 0xFFFF
        if step >= 0x8000 or not packet.payload:
            return np.zeros(0, np.int16)
        self._sequence = (packet.sequence_number + 1) & 0xFFFF
        self.lost += step
        gap = (packet.timestamp - self._expected) & 0xFFFFFFFF
        if 0 < gap <= LONGEST_GAP:
            self.add(np.zeros(gap, np.int16), at)
        samples = self._decoder.decode(packet.payload)
        self._expected = (packet.timestamp + len(samples)) & 0xFFFFFFFF
        self.add(samples, at)
        return samples

    def add(self, samples: Block, at: float) -> None:
        """Appends samples that came by another way than the track."""
        self._chunks.append(Chunk(self.total, samples, at))
        self.total += len(samples)
        while self._chunks and self._chunks[0].start < self.total - self._limit:
            self._chunks.popleft()

    def _begin(self, packet: RtpPacket) -> None:
        self._ssrc = packet.ssrc
        self._sequence = packet.sequence_number
        self._expected = packet.timestamp
        self._decoder = Decoder()
