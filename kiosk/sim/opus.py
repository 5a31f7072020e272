"""Opus as the agent speaks and hears it: 48 kHz mono in packets of 20 ms."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final, Protocol, cast

import numpy as np
from av import AudioFrame, Packet
from av.audio.codeccontext import AudioCodecContext
from av.buffer import Buffer

from kiosk.audio.frames import RATE, Block

FRAME: Final = 960
"""Samples in a packet: 20 ms, what every WebRTC sender uses."""
TIME_BASE: Final = Fraction(1, RATE)
SILENCE: Final = b"\xf8\xff\xfe"
"""A packet of 20 ms of silence (RFC 6716: full band, mono, no coded bands)."""


class _Codec(Protocol):
    """What is used of PyAV's codec context, whose own types are only partly known."""

    def decode(self, packet: object) -> list[AudioFrame]: ...

    def encode(self, frame: AudioFrame | None) -> list[Buffer]: ...


class Decoder:
    """One stream's decoder; packets in order."""

    def __init__(self) -> None:
        codec = AudioCodecContext.create("libopus", "r")
        codec.format = "s16"
        codec.layout = "mono"
        codec.sample_rate = RATE
        self._codec = cast(_Codec, codec)

    def decode(self, payload: bytes) -> Block:
        """The samples in one packet, usually 960."""
        parts = [cast(Block, frame.to_ndarray().reshape(-1)) for frame in self._codec.decode(Packet(payload))]
        return np.concatenate(parts) if parts else np.zeros(0, np.int16)


def encode(samples: Block) -> list[bytes]:
    """`samples` of any length as packets at 32 kbps, the last filled up with silence."""
    codec = AudioCodecContext.create("libopus", "w")
    codec.format = "s16"
    codec.layout = "mono"
    codec.sample_rate = RATE
    codec.time_base = TIME_BASE
    codec.bit_rate = 32_000
    codec.options = {"application": "voip"}
    encoder = cast(_Codec, codec)
    return [bytes(packet) for frame in (*_frames(samples), None) for packet in encoder.encode(frame)]


def _frames(samples: Block) -> Iterator[AudioFrame]:
    padded = np.concatenate([samples, np.zeros(-len(samples) % FRAME, np.int16)])
    for start in range(0, len(padded), FRAME):
        frame = AudioFrame.from_ndarray(padded[None, start : start + FRAME], format="s16", layout="mono")
        frame.sample_rate = RATE
        frame.pts = start
        yield frame
