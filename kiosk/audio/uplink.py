"""What the visitor says, on its way to the agent: recorded while nobody listens, caught up without losing a word, then live."""

from __future__ import annotations

import threading
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kiosk.audio.frames import BLOCK, BLOCK_S, Block
from kiosk.audio.ring import BlockRing

CAPACITY: Final = 1000
"""Blocks in the backlog: 10 s, the longest that a token and a connection may take."""
CATCH_UP: Final = 1.05
"""Times real time at which recorded sound is sent; most of the delay goes where pauses are left out.

What is sent ahead of time the far jitter buffer takes out of the speech again: whole pitch periods where it finds them, and up to 30 ms of
a consonant where it does not. Measured at a LiveKit receiver: at 1.05 times it takes out no more than of live sound, at 1.15 20 ms and
more in half of all visits, at 1.5 100 to 300 ms in every one (tests/bench, first words)."""
BURST: Final = 2
"""Most blocks that one push sends: the credit of a block never reaches three."""
UNHEARD: Final = 500
"""Ticks for which it is known how much was sent in each: a connection that carries nothing is seen within 3.5 s."""
HANGOVER: Final = 10
"""Blocks kept after speech, so that no word's end is clipped: 100 ms."""
MARGIN: Final = 8
"""Blocks kept before speech, since a detector hears its beginning late: 80 ms."""


class Uplink:
    """Pushed one block every 10 ms by the capture thread; gate and connection may be worked from any other thread.

    `out[:n]` is what push() says is to be sent, valid until the next push. Recorded blocks leave in order, each once. A pause in
    them is shortened to 180 ms; speech is only ever dropped, and counted in `dropped`, when the backlog is full.
    """

    def __init__(self, pre_roll: float) -> None:
        self.out: NDArray[np.int16] = np.zeros((BURST, BLOCK), dtype=np.int16)
        self.dropped = 0
        self._lock = threading.Lock()
        self._backlog = BlockRing(CAPACITY)
        self._before = BlockRing(round(pre_roll / BLOCK_S))
        self._moved: Block = np.zeros(BLOCK, dtype=np.int16)
        self._open = False
        self._connected = False
        self._owed = False
        self._quiet = 0
        self._credit = 0.0
        self._sent: NDArray[np.int16] = np.zeros(UNHEARD, dtype=np.int16)
        self._tick = 0

    def keep(self, pre_roll: float) -> None:
        """So many seconds of what comes before the gate's opening are kept from now on."""
        blocks = round(pre_roll / BLOCK_S)
        with self._lock:
            if blocks != self._before.capacity:
                self._before = BlockRing(blocks)

    @property
    def backlog(self) -> int:
        """Blocks recorded and not yet sent."""
        return len(self._backlog)

    def open(self, pre_roll: float = 0.0) -> None:
        """From the next block on all is recorded, and of what came before the last `pre_roll` seconds (as far as they were kept)."""
        with self._lock:
            self._owed = False
            if self._open:
                return
            self._open = True
            self._quiet = HANGOVER
            excess = len(self._before) - round(pre_roll / BLOCK_S)
            while len(self._before):
                speech = self._before.pop(self._moved)
                excess -= 1
                if excess < 0:
                    self._record(self._moved, speech)

    def close(self) -> None:
        """Nothing more is recorded; what was recorded still goes out, and then `drained` is due."""
        with self._lock:
            self._owed = self._owed or self._open
            self._open = False

    def connect(self) -> None:
        """Send from now on, beginning with what was recorded."""
        with self._lock:
            self._connected = True
            self._credit = 0.0

    def disconnect(self, unheard: float = 0.0) -> None:
        """Send nothing from now on, and record while the gate is open. What was sent in the last `unheard` seconds is to be sent again."""
        with self._lock:
            self._connected = False
            ticks = min(UNHEARD, round(unheard / BLOCK_S))
            lost = int(self._sent[np.arange(self._tick - ticks, self._tick) % UNHEARD].sum())
            self._backlog.rewind(lost)
            self._owed = not self._open
            self._sent[:] = 0

    def discard(self) -> None:
        """Forget everything recorded, close the gate, send nothing."""
        with self._lock:
            self._open = self._connected = self._owed = False
            self._backlog.clear()
            self._sent[:] = 0

    def take(self) -> bytes:
        """Everything recorded and not sent as s16le, pauses shortened; it counts as sent."""
        with self._lock:
            return self._backlog.take()

    def drained(self) -> bool:
        """True once after each closing of the gate, and each connection with a closed one, as soon as nothing recorded is left to send."""
        with self._lock:
            due = self._owed and self._connected and not len(self._backlog)
            self._owed = self._owed and not due
            return due

    def push(self, block: Block, speech: bool, late: bool = False) -> int:
        """Take the next block (480 samples) and say how many of `out` are to be sent now: 0 to 2.

        `late` marks a block that stood in the sound card's buffer (first frames, after a stall): sending it at once would make a
        burst that stays in the far jitter buffer as delay, so it is left out with the gate closed, and caught up with it open.
        """
        with self._lock:
            if self._open:
                self._record(block, speech)
            else:
                self._before.append(block, speech)
            before = len(self._backlog)
            sent = self._send() if self._connected and not late else 0
            self._sent[self._tick % UNHEARD] = before - len(self._backlog)
            self._tick += 1
            return sent

    def _record(self, block: Block, speech: bool) -> None:
        self.dropped += self._backlog.append(block, speech)
        self._quiet = 0 if speech else self._quiet + 1
        if self._quiet > HANGOVER + MARGIN:
            self._quiet -= 1
            if len(self._backlog) > MARGIN:
                self._backlog.cut(MARGIN)

    def _send(self) -> int:
        waiting = len(self._backlog)
        if not waiting:
            self._credit = 0.0
            self.out[0] = 0
            return 1
        self._credit = 1.0 if waiting == 1 else self._credit + CATCH_UP
        count = min(int(self._credit), waiting)
        self._credit -= count
        for index in range(count):
            self._backlog.pop(self.out[index])
        return count
