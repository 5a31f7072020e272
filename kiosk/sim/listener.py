"""The agent's hearing: the track and the pre-connect audio in their right order, and what in them is speech."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol, cast

import numpy as np
import webrtcvad
from aiortc.rtp import RtpPacket

from kiosk.audio.frames import Block
from kiosk.sim.ears import Ears
from kiosk.sim.opus import FRAME
from kiosk.sim.streams import Received
from kiosk.sim.turns import Turns
from kiosk.sim.wav import resampled

QUIETEST: Final = 300.0
"""RMS of a frame below which nobody is taken to speak (-41 dBFS)."""
RECORDED_WAIT_S: Final = 3.0
"""How long LiveKit Agents wait for announced pre-connect audio, holding back the track."""
VAD_LENGTHS: Final = (480, 960, 1440)
"""Samples at 48 kHz that webrtcvad judges at once."""
STEREO: Final = 2


class _Detector(Protocol):
    def is_speech(self, buf: bytes, sample_rate: int) -> bool: ...


class Listener:
    """On the event loop. `ears` remembers, `turns` knows whether the visitor speaks."""

    def __init__(self) -> None:
        self.ears = Ears()
        self.turns = Turns()
        self._detector = cast(_Detector, webrtcvad.Vad(2))
        self._held: list[tuple[RtpPacket, float]] | None = None
        self._patience: asyncio.TimerHandle | None = None

    def expect_recorded(self) -> None:
        """Pre-connect audio is announced: the track waits until it has come, 3 s at most."""
        self._held = []
        self._patience = asyncio.get_running_loop().call_later(RECORDED_WAIT_S, self._release)

    def recorded(self, stream: Received) -> None:
        """Pre-connect audio, s16le; forgotten when it was not announced or comes too late, as real agents do."""
        if self._held is None:
            return
        samples = np.frombuffer(bytes(stream.content), dtype=np.int16)
        if stream.attributes.get("channels") == str(STEREO):
            samples = samples.reshape(-1, STEREO)[:, 0]
        samples = resampled(samples, int(stream.attributes["sampleRate"]))
        at = asyncio.get_running_loop().time()
        for start in range(0, len(samples), FRAME):
            frame = samples[start : start + FRAME]
            self.ears.add(frame, at)
            self._judge(frame, at)
        self._release()

    def packet(self, packet: RtpPacket) -> None:
        """One RTP packet of the visitor's."""
        at = asyncio.get_running_loop().time()
        if self._held is not None:
            self._held.append((packet, at))
        else:
            self._judge(self.ears.packet(packet, at), at)

    def close(self) -> None:
        """Nothing of it stays on the event loop."""
        self._release()

    def _release(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
        held, self._held = self._held or [], None
        for packet, at in held:
            self._judge(self.ears.packet(packet, at), at)

    def _judge(self, frame: Block, at: float) -> None:
        if len(frame) in VAD_LENGTHS:
            loud = float(np.sqrt(np.mean(frame.astype(np.float32) ** 2))) >= QUIETEST
            voiced = loud and self._detector.is_speech(frame.tobytes(), 48_000)
            self.turns.frame(voiced, self.ears.total - len(frame), self.ears.total, at)
