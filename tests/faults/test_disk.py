"""A disk that fills, turns read-only or breaks in a call: log, state and working directory are on it, and nothing is to be heard of it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.appliance import Appliance, Place, place
from tests.faults.conftest import Report
from tests.faults.disk import Disk, breakable, small
from tests.parts.livekit_server import LiveKitServer

CALL = 2.0
"""Seconds for which the call goes on after the harm."""


async def whole_visit(it: Appliance, there: Place, harm: Callable[[], None]) -> str:
    """A call that suffers the harm, another one, and the end; what was measured. Fails at the first thing that is wrong."""
    await it.toggle()
    await it.until("audible", True)
    before = await it.figures()
    await asyncio.to_thread(harm)
    await asyncio.sleep(CALL)
    after = await it.figures()
    captured = after["captured"] - before["captured"]
    assert after["state"] == "live"
    assert captured >= 95 * CALL
    # Importing lgpio writes a FIFO into the working directory; whatever comes of that has a name.
    opened = (await it.ask("header"))["code"]
    await it.toggle()
    await it.until("state", "idle")
    await it.toggle()
    await it.until("audible", True)
    it.send(signal.SIGTERM)
    code = await it.ended()
    assert code == 0
    assert len(there.api.ended) == 2
    return f"call went on ({captured} blocks in {CALL:g} s), GPIO named `{opened}`, called again, exit {code}, 0 crashes"


@pytest.mark.fault("disk-full")
async def test_a_full_disk(server: LiveKitServer, tmp_path: Path, report: Report) -> None:
    disk = small(tmp_path)
    async with place(server, tmp_path) as there, on(disk, tmp_path, there) as it:
        measured = await whole_visit(it, there, lambda: disk.fill(it.pid))
        report(measured, True)


@pytest.mark.fault("disk-full")
async def test_a_log_goes_on_when_there_is_room_again(server: LiveKitServer, tmp_path: Path, report: Report) -> None:
    disk = small(tmp_path)
    async with place(server, tmp_path) as there, on(disk, tmp_path, there) as it:
        log = disk.inside(it.pid) / "log"
        await asyncio.to_thread(disk.fill, it.pid)
        await it.toggle()
        await it.until("audible", True)
        full = log.stat().st_size
        await asyncio.to_thread(disk.empty, it.pid)
        await it.toggle()
        await it.until("state", "idle")
        written = log.read_text(errors="replace")[full:]
        report("the log goes on when there is room again", "state=idle" in written)


@pytest.mark.fault("read-only")
async def test_a_disk_that_turns_read_only(server: LiveKitServer, tmp_path: Path, report: Report) -> None:
    with breakable(tmp_path) as disk:
        async with place(server, tmp_path) as there, on(disk, tmp_path, there) as it:
            report(await whole_visit(it, there, lambda: disk.turn_read_only(it.pid)), True)


@pytest.mark.fault("io-error")
async def test_a_disk_that_breaks(server: LiveKitServer, tmp_path: Path, report: Report) -> None:
    with breakable(tmp_path) as disk:
        async with place(server, tmp_path) as there, on(disk, tmp_path, there) as it:
            report(await whole_visit(it, there, lambda: disk.break_down(it.pid)), True)


def on(disk: Disk, folder: Path, there: Place) -> Appliance:
    """An appliance that has nothing but this disk."""
    return Appliance(folder / "kiosk", there.api.url, shell=disk.shell, environment=disk.environment)
