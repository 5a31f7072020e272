"""Audio threads go before everything else: what comes late out of the capture thread stays in the agent's jitter buffer as delay."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Final

PRIORITY: Final = 5
"""Above every ordinary thread, below the sound server's own (PipeWire's is 20 and more) and the kernel's."""


def go_first() -> None:
    """Make the calling thread a real-time one (SCHED_RR). Without the right to (systemd's LimitRTPRIO=) it stays an ordinary one.

    Measured on two busy cores, three interleaved rounds of 8 clicks each: round trip 206 ms (195 to 225) with it, 230 (218 to 262) without.
    """
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(PRIORITY))
