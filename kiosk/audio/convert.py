"""Between a device's own rate and channels and the daemon's 48 kHz mono."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from kiosk.audio.frames import BLOCK, RATE, Block

Native = NDArray[np.int16]
"""Interleaved device samples, shape (frames, channels)."""
_QUALITY: Final = "HQ"
"""soxr's default. Measured: it holds back 11 ms between 44.1 and 48 kHz, the medium one 20 ms."""
_SLACK: Final = 8
"""Blocks of room for what the resampler gives unevenly."""


class _Resampler(Protocol):
    def resample_chunk(self, x: Native, last: bool = False) -> Native: ...


def _resampler(source: int, target: int) -> _Resampler | None:
    if source == target:
        return None
    import soxr  # noqa: PLC0415  (a native library, needed only where the rates differ)

    return cast("_Resampler", soxr.ResampleStream(source, target, 1, dtype="int16", quality=_QUALITY))


def frames(rate: int) -> int:
    """Frames in 10 ms of a device at `rate`, rounded."""
    return round(rate / 100)


class ToMono:
    """From `channels` at `rate` to 48 kHz mono blocks; `channel` (from 1) is taken alone, or all are averaged."""

    def __init__(self, rate: int, channels: int, channel: int | None = None) -> None:
        self._resampler = _resampler(rate, RATE)
        self._column = channel - 1 if channel is not None and channel <= channels else None
        self._channels = channels
        self._store: Block = np.zeros(_SLACK * BLOCK, dtype=np.int16)
        self._stored = 0

    def feed(self, native: Native) -> Iterator[Block]:
        """The blocks of 480 samples that are complete with this; each is valid until the next call and may be changed."""
        mono = self._mono(native)
        if self._resampler is not None:
            mono = self._resampler.resample_chunk(mono)
        end = self._stored + len(mono)
        self._store[self._stored : end] = mono
        at = 0
        while end - at >= BLOCK:
            yield self._store[at : at + BLOCK]
            at += BLOCK
        self._stored = end - at
        self._store[: self._stored] = self._store[at:end]

    def whole(self, native: Native) -> Block:
        """A whole recording at once, of whatever length."""
        mono = self._mono(native)
        return mono if self._resampler is None else self._resampler.resample_chunk(mono, last=True)

    def _mono(self, native: Native) -> Block:
        if self._channels == 1:
            return native[:, 0]
        if self._column is not None:
            return np.ascontiguousarray(native[:, self._column])
        return (native.sum(axis=1, dtype=np.int32) // self._channels).astype(np.int16)


class FromMono:
    """From 48 kHz mono blocks to `channels` at `rate`, the same on every channel."""

    def __init__(self, rate: int, channels: int) -> None:
        self._resampler = _resampler(RATE, rate)
        self._channels = channels

    def feed(self, block: Block) -> Native:
        """What the device is to play for this block: about 10 ms, shape (frames, channels); none while the resampler fills."""
        mono = block if self._resampler is None else self._resampler.resample_chunk(block)
        return mono.reshape(-1, 1) if self._channels == 1 else np.repeat(mono.reshape(-1, 1), self._channels, axis=1)
