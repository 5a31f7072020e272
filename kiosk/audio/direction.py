"""One direction of the sound card, looked after: a thread that opens and pumps it, and a frame clock that sees it stall."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from kiosk.audio.ports import Stream
from kiosk.errors import SoundError

_S = TypeVar("_S", bound=Stream)

LOOK: Final = 0.2
"""Seconds between two looks at the frame clock."""
STALLED: Final = 1.0
"""Seconds without a block that are a stall: a hundred blocks."""
OPENING: Final = 5.0
"""Seconds that opening may take."""
FIRST: Final = 2.0
"""Seconds that an opened device may take to its first block."""
STEADY: Final = 3
"""Looks in a row at which blocks must have come before a device counts as well: the first ones may only fill a buffer that nobody plays."""
PATIENCE: Final = 0.5
"""Seconds a thread has to come back after a word, and again after its stream was aborted."""
LOST: Final = 3
"""Threads that a device may keep before it is left alone."""


class _Run(Generic[_S]):
    """One life of the thread."""

    def __init__(self, name: str, open_stream: Callable[[], _S], pump: Callable[[_S, threading.Event], None]) -> None:
        self.stop = threading.Event()
        self.stream: _S | None = None
        self.over: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
        self._loop = asyncio.get_running_loop()
        self._open_stream = open_stream
        self._pump = pump
        self.thread = threading.Thread(target=self._work, name=f"kiosk-{name}", daemon=True)
        self.thread.start()

    async def ended(self) -> bool:
        """Whether the thread has ended, after waiting for it as long as PATIENCE."""
        if not self.over.done():
            await asyncio.wait([self.over], timeout=PATIENCE)
        return self.over.done()

    def _work(self) -> None:
        outcome: BaseException | None = None
        try:
            stream = self._open_stream()
            self.stream = stream
            try:
                self._pump(stream, self.stop)
            finally:
                stream.close()
        except BaseException as error:
            outcome = error  # carried to the loop, which raises it there
        # An abandoned thread may come back after the loop has gone.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._settle, outcome)

    def _settle(self, outcome: BaseException | None) -> None:
        if not self.over.done():
            self.over.set_result(outcome)


class Direction(Generic[_S]):
    """`microphone` or `speaker`. serve() runs it once; what happened before never stands in the way of the next time."""

    def __init__(
        self,
        name: str,
        *,
        open_stream: Callable[[], _S],
        pump: Callable[[_S, threading.Event], None],
        blocks: Callable[[], int],
        on_running: Callable[[str, _S], None],
        on_steady: Callable[[str], None],
    ) -> None:
        self.name = name
        self.running = False
        """Whether the first block has come or gone."""
        self.abandoned = 0
        """Threads that a library call did not give back in time; they end with that call or with the process."""
        self._open_stream = open_stream
        self._pump = pump
        self._blocks = blocks
        self._on_running = on_running
        self._on_steady = on_steady
        self._lost: list[threading.Thread] = []
        self._run: _Run[_S] | None = None
        self._allowed = asyncio.Event()
        self._allowed.set()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def stuck(self) -> int:
        """Abandoned threads that are still inside the sound library; at most LOST."""
        self._lost = [thread for thread in self._lost if thread.is_alive()]
        return len(self._lost)

    async def pause(self) -> None:
        """Close the device and keep it closed until resume(); returns once it is closed."""
        self._allowed.clear()
        if self._run is not None:
            self._run.stop.set()
        await self._idle.wait()

    def resume(self) -> None:
        """Let serve() open it again."""
        self._allowed.set()

    async def serve(self) -> SoundError | None:
        """Open and pump until it fails (the error, a stall too) or is paused (None). Cancelled: closed, thread joined."""
        await self._allowed.wait()
        if self.stuck >= LOST:
            return SoundError(f"{LOST} threads do not come back from the {self.name}'s driver", code=f"{self.name}-stuck")
        run = self._run = _Run(self.name, self._open_stream, self._pump)
        self._idle.clear()
        try:
            stalled = await self._watch(run)
        finally:
            run.stop.set()
            self.running = False
            try:
                await self._join(run)
            finally:
                self._run = None
                self._idle.set()
        if stalled:
            return SoundError(f"the {self.name} gives no more blocks", code=f"{self.name}-stalled")
        error = run.over.result()
        if error is None or isinstance(error, SoundError):
            return error
        raise error

    async def _watch(self, run: _Run[_S]) -> bool:
        """True at a stall, False when the thread has ended by itself."""
        clock = asyncio.get_running_loop().time
        seen, since, limit, steady = self._blocks(), clock(), OPENING, 0
        while not run.over.done():
            await asyncio.wait([run.over], timeout=LOOK)
            if run.stream is not None and limit == OPENING:
                since, limit = clock(), FIRST
            blocks = self._blocks()
            if blocks != seen:
                seen, since, limit, steady = blocks, clock(), STALLED, steady + 1
                self._announce(run)
                if steady == STEADY:
                    self._on_steady(self.name)
                continue
            steady = 0
            if clock() - since > limit and not run.over.done():
                return True
        return False

    def _announce(self, run: _Run[_S]) -> None:
        if not self.running and run.stream is not None and not run.stop.is_set():
            self.running = True
            self._on_running(self.name, run.stream)

    async def _join(self, run: _Run[_S]) -> None:
        """Wait for the thread, abort its stream, wait again, and give it up."""
        if not await run.ended() and run.stream is not None:
            run.stream.abort()
        if await run.ended():
            run.thread.join()
        else:
            run.over.cancel()
            self.abandoned += 1
            self._lost.append(run.thread)
