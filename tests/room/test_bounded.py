from __future__ import annotations

import asyncio

import pytest

from kiosk.room.bounded import Reaper


async def late(seconds: float, cancelled: list[str]) -> str:
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        cancelled.append("cancelled")
        raise
    return "done"


async def failing() -> None:
    await asyncio.sleep(2.0)
    raise OSError("late")


@pytest.mark.looptime
async def test_in_time() -> None:
    assert await Reaper().bounded(late(1.0, []), 2.0) == "done"


@pytest.mark.looptime
async def test_too_late_is_never_cancelled_but_undone() -> None:
    reaper, cancelled, undone = Reaper(), list[str](), list[str]()

    async def undo() -> None:
        undone.append("undone")

    with pytest.raises(TimeoutError):
        await reaper.bounded(late(5.0, cancelled), 1.0, after=undo)
    assert reaper.given_up == 1
    await asyncio.sleep(5.0)
    assert (cancelled, undone, reaper.given_up) == ([], ["undone"], 0)


@pytest.mark.looptime
async def test_our_own_cancellation_does_not_reach_the_work() -> None:
    reaper, cancelled = Reaper(), list[str]()
    waiting = asyncio.create_task(reaper.bounded(late(5.0, cancelled), 60.0))
    await asyncio.sleep(1.0)
    waiting.cancel()
    await asyncio.wait({waiting})
    assert waiting.cancelled()
    assert reaper.given_up == 1
    await asyncio.sleep(5.0)
    assert (cancelled, reaper.given_up) == ([], 0)


@pytest.mark.looptime
async def test_a_late_failure_is_swallowed() -> None:
    reaper = Reaper()
    with pytest.raises(TimeoutError):
        await reaper.bounded(failing(), 1.0)
    await asyncio.sleep(2.0)
    assert reaper.given_up == 0
