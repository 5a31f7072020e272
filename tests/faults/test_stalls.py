"""A loop that stands and a process that is stopped: the signs of life end, the stacks are written, and systemd's signal ends it."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

import pytest

from tests.faults.appliance import Appliance, Systemd, place
from tests.faults.conftest import Report
from tests.live.hall import KEY
from tests.parts.livekit_server import LiveKitServer

WATCHDOG = 20.0
"""WatchdogSec of the unit."""
IN_ALL = 25.0


async def aborted(appliance: Appliance) -> None:
    """What systemd does to a service without a sign of life: SIGABRT, and SIGCONT in case it is stopped. Returns once it has ended."""
    appliance.send(signal.SIGABRT)
    appliance.send(signal.SIGCONT)
    assert await appliance.ended() == -signal.SIGABRT


@pytest.mark.slow
@pytest.mark.fault("loop-stalled")
@pytest.mark.parametrize("how", ["loop blocked in a call", "SIGSTOP in a call"])
async def test_a_daemon_that_stands_is_ended_with_its_stacks(how: str, server: LiveKitServer, tmp_path: Path, report: Report) -> None:
    with Systemd(tmp_path) as systemd:
        async with place(server, tmp_path) as there:
            appliance = Appliance(tmp_path / "kiosk", there.api.url, environment=systemd.environment(WATCHDOG))
            async with appliance:
                await appliance.toggle()
                await appliance.until("audible", True)
                await asyncio.sleep(WATCHDOG / 2 + 1)
                assert systemd.last_sign() is not None
                begun = time.monotonic()
                if how.startswith("SIGSTOP"):
                    appliance.send(signal.SIGSTOP)
                else:
                    await appliance.ask("block", seconds=120.0)
                silent = await systemd.silence(WATCHDOG) - begun
                before = appliance.words()
                await aborted(appliance)
                ended = time.monotonic() - begun
                words = appliance.words()
    stood = "appliance_main.py" in words and "in run_forever" in words
    by_itself = how.startswith("SIGSTOP") or before.count("Timeout (0:00:10)!") == 1
    report(
        f"{how}: no sign of life for {WATCHDOG:g} s after {silent:.1f} s, stacks of all threads and end after {ended:.1f} s",
        stood and by_itself and words.count("Fatal Python error: Aborted") == 1 and KEY not in words and ended <= IN_ALL,
    )


@pytest.mark.fault("loop-stalled")
async def test_signs_of_life_end_with_a_standstill_and_come_again_after_it(server: LiveKitServer, tmp_path: Path, report: Report) -> None:
    limit = 3.0
    with Systemd(tmp_path) as systemd:
        async with (
            place(server, tmp_path) as there,
            Appliance(tmp_path / "kiosk", there.api.url, environment=systemd.environment(limit)) as it,
        ):
            await it.toggle()
            await it.until("audible", True)
            await asyncio.sleep(limit)
            calm = (await it.figures())["lag_ms"]
            await it.ask("block", seconds=4.0)
            begun = time.monotonic()
            silent = await systemd.silence(limit) - begun
            await asyncio.sleep(2.0)
            figures, back = await it.figures(), systemd.last_sign() or 0.0
            words = it.words()
    held = 1.0 <= silent <= 3.5 and back > begun + 3.9 and words.count("Timeout (0:00:01.8") == 1 and "most recent call first" in words
    report(
        f"short: withheld within {silent:.1f} s at WatchdogSec={limit:g}, stacks after 1.8 s, sent again once it turned; "
        f"lag {calm:.0f} ms before, {figures['lag_ms']:.0f} ms seen of 4,000 ms, still {figures['state']}",
        held and figures["state"] == "live" and figures["lag_ms"] > 3900,
    )
