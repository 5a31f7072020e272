"""Awaiting the library with a limit: what does not return in time is given up, never cancelled, and reaped when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

After = Callable[[], Coroutine[Any, Any, object]]


class Reaper:
    """Keeps what was given up until it ends, and swallows how it ended.

    A cancelled `Room.connect` makes the native library end our process 15 s later (livekit/python-sdks 784, 785, 804),
    and other calls may never return; so nothing of the library is ever cancelled.
    """

    def __init__(self) -> None:
        self._given_up: set[asyncio.Task[Any]] = set()

    @property
    def given_up(self) -> int:
        """How many calls into the library have still not returned."""
        return len(self._given_up)

    async def bounded(self, work: Coroutine[Any, Any, T], limit: float, *, after: After | None = None) -> T:
        """What `work` gives within `limit` seconds; else TimeoutError.

        after: run when work that was given up (by the limit or by our own cancellation) succeeds late, to undo it.
        """
        task = asyncio.create_task(work)
        try:
            done, _ = await asyncio.wait({task}, timeout=max(0.0, limit))
        except asyncio.CancelledError:
            self.keep(task, after)
            raise
        if not done:
            self.keep(task, after)
            raise TimeoutError
        return task.result()

    def keep(self, task: asyncio.Task[Any], after: After | None = None) -> None:
        """Holds on to a task nobody waits for."""
        self._given_up.add(task)
        task.add_done_callback(lambda ended: self._reap(ended, after))

    def _reap(self, task: asyncio.Task[Any], after: After | None) -> None:
        self._given_up.discard(task)
        if task.cancelled() or task.exception() is not None or after is None:
            return
        undo = asyncio.ensure_future(after())
        self._given_up.add(undo)
        undo.add_done_callback(lambda ended: self._reap(ended, None))


async def quietly(work: Awaitable[object]) -> None:
    """Awaits, whatever it raises: for putting away what is no longer needed."""
    await asyncio.gather(work, return_exceptions=True)


REAPER = Reaper()
"""The process's one: a call that was left does not wait for what it gave up."""
