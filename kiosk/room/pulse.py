"""Signs of life: whether anything still comes from the media server.

The library says only 5 to 30 s late that nothing does, and may call a connection mended that is dead: it trusts a state that outlives
the path (livekit/rust-sdks 1331). Here only a packet that came counts. Where none is due, silence shows late; a signalling connection
that stops answering shows within a second that something may be wrong, and nothing more: the sound may go on beside it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from livekit import rtc

from kiosk.room.line import Line

LOOK: Final = 0.5
"""Seconds between two looks; one costs 2 ms of a server's core."""
TICK: Final = 0.1
"""Seconds between two looks at the signalling line, which cost nothing."""
SILENT: Final = 2.5
"""Seconds without a packet that are no accident: livekit-server 1.13 reports on our track every 1.25 s, and ICE asks every 1 to 2.5 s."""
DETOUR: Final = 2.0
"""Seconds without a packet, ended by one on another path (another address of ours, say), in which what was sent went nowhere."""
YOUNG: Final = 10.0
"""Seconds in which a new connection still changes its path for a better one, with nothing lost and up to 1.8 s of silence around it."""


class Arrived(NamedTuple):
    """How many packets have come over the path in use, and which path that is."""

    packets: int
    path: str


class Pulse:
    """Looks until cancelled. `arrived` says what has come so far, None when it cannot; `line` is the signalling's.

    on_silent is called once when nothing has come for SILENT seconds, on_alive once when something comes again; a change of path
    that took longer than DETOUR calls both. on_falter(True) is called before, when the line is overdue and the path silent, too, and
    on_falter(False) when that was an accident or has become a silence.
    """

    def __init__(self, arrived: Callable[[], Awaitable[Arrived | None]], line: Line) -> None:
        self.on_silent: Callable[[], None] = lambda: None
        self.on_alive: Callable[[], None] = lambda: None
        self.on_falter: Callable[[bool], None] = lambda _falters: None
        self._arrived = arrived
        self._line = line
        line.on_answer = self._answered
        self._seen = Arrived(0, "")
        self._moved = False
        self._signs = asyncio.Condition()
        self._loop = asyncio.get_running_loop()
        self._last = self._loop.time()
        self._grown_up = self._last + YOUNG
        self._silent = self._falters = False

    @property
    def silence(self) -> float:
        """Seconds for which no packet is known to have come."""
        return self._loop.time() - self._last

    async def run(self) -> None:
        """Runs until cancelled."""
        before = due = self._loop.time()
        while True:
            now = self._loop.time()
            # A loop that was held up has not listened either.
            self._line.wait(min(now - before, 2 * TICK))
            before = now
            if now >= due:
                due = now + LOOK
                await self._look()
            elif self._line.overdue and not self._silent and not self._falters:
                due = now + LOOK
                await self._doubt()
            await asyncio.sleep(TICK)

    async def sign(self, limit: float) -> bool:
        """Whether a packet comes within `limit` seconds from now."""
        # What came before the call is counted first.
        await self._look()
        try:
            async with asyncio.timeout(limit), self._signs:
                await self._signs.wait()
        except TimeoutError:
            return False
        return True

    async def _look(self) -> None:
        now = await self._arrived() or self._seen
        if now.path != self._seen.path:
            self._moved = True
        elif now.packets > self._seen.packets:
            if self._moved and self.silence > DETOUR and self._loop.time() > self._grown_up:
                self._fall_silent()
            self._moved = False
            self._last = self._loop.time()
            async with self._signs:
                self._signs.notify_all()
            if self._falters:
                self._line.excuse()
                self._falter(False)
            if self._silent:
                self._silent = False
                self.on_alive()
        elif self.silence > SILENT:
            self._fall_silent()
        self._seen = now

    async def _doubt(self) -> None:
        """The line is overdue: whether the sound's path is silent, too."""
        before = self._seen
        await self._look()
        if self._seen.packets > before.packets:
            self._line.excuse()
        elif not self._silent:
            self._falter(True)

    def _answered(self) -> None:
        self._falter(False)

    def _falter(self, falters: bool) -> None:
        if falters != self._falters:
            self._falters = falters
            self.on_falter(falters)

    def _fall_silent(self) -> None:
        if not self._silent:
            self._silent = True
            self.on_silent()
            self._falter(False)


class Arrivals:
    """What a room's connections have received over the paths that they use, answers to ICE's questions included; asked once at a time."""

    def __init__(self, room: rtc.Room) -> None:
        self._room = room
        self._asked: asyncio.Task[rtc.RtcStats] | None = None

    async def __call__(self) -> Arrived | None:
        """None where the library does not answer within LOOK seconds; it is not asked again before it has."""
        task = self._asked = self._asked or asyncio.create_task(self._room.get_rtc_stats())
        done, _ = await asyncio.wait({task}, timeout=LOOK)
        if not done:
            return None
        self._asked = None
        return None if task.cancelled() or task.exception() is not None else _received(task.result())


def _received(stats: rtc.RtcStats) -> Arrived:
    everything = [*stats.publisher_stats, *stats.subscriber_stats]
    paths = [each.transport.transport.selected_candidate_pair_id for each in everything if each.WhichOneof("stats") == "transport"]
    pairs = [each.candidate_pair for each in everything if each.WhichOneof("stats") == "candidate_pair"]
    used = [pair.candidate_pair for pair in pairs if pair.rtc.id in paths]
    return Arrived(sum(pair.packets_received + pair.responses_received for pair in used), " ".join(paths))
