"""An event loop whose time passes only when nobody has anything to do, sound threads included.

looptime does that for coroutines alone: while a thread works, it lets the time run on.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_IDLE: Final = 1.0
"""Real seconds to wait for the world where the loop has no timer at all."""


class _Selector(selectors.DefaultSelector):
    """Waits for nothing: lets the loop's clock run on to the next timer instead."""

    def __init__(self, settle: Callable[[], None], advance: Callable[[float], None]) -> None:
        super().__init__()
        self._settle = settle
        self._advance = advance

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._settle()
        events = super().select(0)
        if events or (timeout is not None and timeout <= 0):
            return events
        if timeout is None:
            return super().select(_IDLE)
        self._advance(timeout)
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """`settle()` returns once every thread that the loop works with waits for it. Work for the executor is done at once, in no time."""

    def __init__(self, settle: Callable[[], None]) -> None:
        self._now = 0.0
        super().__init__(_Selector(settle, self._advance))
        self.set_default_executor(_AtOnce())

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._now

    def _advance(self, seconds: float) -> None:
        self._now += seconds


class _AtOnce(ThreadPoolExecutor):
    """A real thread would be overtaken by the clock."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        done: Future[T] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except BaseException as error:
            done.set_exception(error)
        return done
