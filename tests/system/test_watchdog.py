"""Signs of life: sent while nothing ails, withheld while something does; a loop that stands leaves its stacks behind."""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import pytest

from kiosk.system.stacks import StallStacks
from kiosk.system.watchdog import Watchdog, told_limit


class NoStacks:
    """Writes down what it would have armed."""

    def __init__(self) -> None:
        self.armed: list[float] = []
        self.closed = False

    def alive(self, seconds: float) -> None:
        self.armed.append(seconds)

    def close(self) -> None:
        self.closed = True


@asynccontextmanager
async def running(watchdog: Watchdog) -> AsyncGenerator[None]:
    task = asyncio.create_task(watchdog.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.mark.looptime
class TestSigns:
    async def test_they_are_sent_at_half_the_limit(self) -> None:
        now = asyncio.get_running_loop().time
        sent: list[float] = []
        stacks = NoStacks()
        async with running(Watchdog(lambda: sent.append(now()), lambda: None, stacks, limit=20.0)):
            await asyncio.sleep(31)
        gaps = [later - earlier for earlier, later in itertools.pairwise(sent)]
        assert len(sent) >= 3
        assert max(gaps) <= 11
        assert set(stacks.armed) == {10.0}
        assert stacks.closed

    async def test_they_are_withheld_while_something_ails_and_sent_at_once_when_it_is_over(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("INFO")
        now = asyncio.get_running_loop().time
        sent: list[float] = []
        ailment: str | None = None
        async with running(Watchdog(lambda: sent.append(now()), lambda: ailment, NoStacks(), limit=10.0)):
            await asyncio.sleep(12)
            ailment, before = "the microphone gives no blocks", len(sent)
            await asyncio.sleep(30)
            assert len(sent) == before
            ailment, over = None, now()
            await asyncio.sleep(2)
        assert sent[before] - over <= 1.1
        assert caplog.text.count("no more signs of life") == 1
        assert caplog.text.count("sent again") == 1

    async def test_nothing_is_sent_without_a_limit_and_the_stacks_are_armed_all_the_same(self) -> None:
        sent: list[None] = []
        stacks = NoStacks()
        async with running(Watchdog(lambda: sent.append(None), lambda: None, stacks, limit=None)):
            await asyncio.sleep(15)
        assert sent == []
        assert len(stacks.armed) >= 12


async def test_the_worst_lag_is_that_of_the_longest_standstill() -> None:
    watchdog = Watchdog(lambda: None, lambda: None, NoStacks(), limit=None)
    async with running(watchdog):
        await asyncio.sleep(0.1)
        watchdog.worst_lag_ms = 0.0
        time.sleep(0.3)  # noqa: ASYNC251  (the standstill)
        await asyncio.sleep(0.1)
    assert 270 <= watchdog.worst_lag_ms <= 2000


async def test_a_standstill_leaves_the_stacks_once_even_while_stderr_leads_elsewhere(capfd: pytest.CaptureFixture[str]) -> None:
    async with running(Watchdog(lambda: None, lambda: None, StallStacks(), limit=1.0)):
        await asyncio.sleep(0.05)
        silence, kept = os.open(os.devnull, os.O_WRONLY), os.dup(2)
        os.dup2(silence, 2)
        stand_still(2.0)
        os.dup2(kept, 2)
        os.close(silence)
        os.close(kept)
        await asyncio.sleep(0.05)
    errors = capfd.readouterr().err
    assert errors.count("Timeout (0:00:00.6") == 1, errors
    assert "stand_still" in errors
    descriptors = len(os.listdir("/proc/self/fd"))
    async with running(Watchdog(lambda: None, lambda: None, StallStacks(), limit=1.0)):
        await asyncio.sleep(0.05)
    assert len(os.listdir("/proc/self/fd")) == descriptors


def stand_still(seconds: float) -> None:
    time.sleep(seconds)


@pytest.mark.parametrize(
    ("environment", "limit"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "15000000"}, 15.0),
        ({"WATCHDOG_USEC": "15000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "-5"}, None),
    ],
)
def test_the_limit_is_as_systemd_tells_it(environment: dict[str, str], limit: float | None) -> None:
    assert told_limit(environment) == limit
    if limit is not None:
        assert told_limit({**environment, "WATCHDOG_PID": str(os.getpid())}) == limit
