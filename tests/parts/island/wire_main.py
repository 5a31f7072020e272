"""The wire's process: `python -m tests.parts.island.wire_main NEAR FAR` joins two TUN devices of these names, packet by packet.

Commands: cut (on), spoil (loss: share of packets, delay and spread: seconds; both directions). Event "joined" once both devices exist.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import random
import struct
import sys
from typing import Final

from tests.parts.lines import emit, serve

TUNSETIFF: Final = 0x400454CA
IFF_TUN_NO_PI: Final = 0x1001
LARGEST: Final = 2048
STEADY: Final = 0.2
"""Seconds for which a delay holds before the next is drawn: a queue somewhere, not a dice for each packet."""


class Way:
    """One direction. Packets never overtake each other."""

    def __init__(self, source: int, target: int) -> None:
        self.cut = False
        self.loss = self.delay = self.spread = 0.0
        self._source, self._target = source, target
        self._loop = asyncio.get_running_loop()
        self._drawn = self._until = self._last = 0.0
        self._loop.add_reader(source, self._take)

    def _take(self) -> None:
        while True:
            try:
                packet = os.read(self._source, LARGEST)
            except BlockingIOError:
                return
            if self.cut or random.random() < self.loss:
                continue
            if self.delay:
                self._last = max(self._last, self._loop.time() + self._wait())
                self._loop.call_at(self._last, self._put, packet)
            else:
                self._put(packet)

    def _wait(self) -> float:
        now = self._loop.time()
        if now >= self._until:
            self._drawn, self._until = self.delay + random.uniform(-self.spread, self.spread), now + STEADY
        return self._drawn

    def _put(self, packet: bytes) -> None:
        if not self.cut:
            try:
                os.write(self._target, packet)
            except OSError:
                return  # the device at that end is down: what a cable does with it


def tun(name: str) -> int:
    """A new TUN device's descriptor; the device goes with it."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN_NO_PI))
    return descriptor


async def main(near: str, far: str) -> None:
    ends = tun(near), tun(far)
    ways = Way(*ends), Way(*reversed(ends))

    async def cut(on: bool) -> None:
        for way in ways:
            way.cut = on

    async def spoil(loss: float, delay: float, spread: float) -> None:
        for way in ways:
            way.loss, way.delay, way.spread = loss, delay, spread

    emit("joined")
    await serve({"cut": cut, "spoil": spoil})


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
