"""A ring of 10 ms blocks with one flag each, preallocated: the uplink's backlog, what it has just sent, and its pre-roll."""

from __future__ import annotations

import numpy as np

from kiosk.audio.frames import BLOCK, Block


class BlockRing:
    """First in, first out, at most `capacity` blocks; not thread-safe; copies in and out, allocates nothing after construction."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._blocks = np.zeros((capacity, BLOCK), dtype=np.int16)
        self._flags = [False] * capacity
        self._head = 0
        self._length = 0
        self._popped: int = 0

    def __len__(self) -> int:
        return self._length

    def append(self, block: Block, flag: bool) -> bool:
        """Add the newest; True when the oldest had to go for it (always so with capacity 0, where nothing is kept)."""
        if self.capacity == 0:
            return True
        full = self._length == self.capacity
        if full:
            self._drop_oldest()
        at = self._at(self._length)
        self._blocks[at] = block
        self._flags[at] = flag
        self._length += 1
        self._popped = min(self._popped, self.capacity - self._length)
        return full

    def pop(self, into: Block) -> bool:
        """Copy the oldest into `into`, forget it and return its flag; only while the ring is not empty."""
        into[:] = self._blocks[self._head]
        flag = self._flags[self._head]
        self._drop_oldest()
        self._popped += 1
        return flag

    def rewind(self, count: int) -> int:
        """Put the last `count` popped ones back at the front, as many of them as nothing has been written over; how many."""
        count = min(count, self._popped)
        self._head = (self._head - count) % self.capacity
        self._length += count
        self._popped -= count
        return count

    def cut(self, tail: int) -> None:
        """Forget the block that has exactly `tail` newer ones; the newer ones close up."""
        first = self._length - tail
        for index in range(first, self._length):
            source, target = self._at(index), self._at(index - 1)
            self._blocks[target] = self._blocks[source]
            self._flags[target] = self._flags[source]
        self._length -= 1

    def take(self) -> bytes:
        """Everything in order as s16le; the ring is empty afterwards."""
        order = [self._at(index) for index in range(self._length)]
        self.clear()
        return self._blocks[order].astype("<i2", copy=False).tobytes()

    def clear(self) -> None:
        """Forget everything."""
        self._head = self._length = self._popped = 0

    def _drop_oldest(self) -> None:
        self._head = (self._head + 1) % self.capacity
        self._length -= 1

    def _at(self, index: int) -> int:
        return (self._head + index) % self.capacity
