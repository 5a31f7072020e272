"""The media server in a call: killed and started again."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.faults.conftest import Report
from tests.faults.outage import Outage, outage
from tests.parts.island.world import World


async def killed(binary: Path, folder: Path, away: float) -> Outage:
    """The server dies with all its rooms, and is there again `away` seconds later, an agent with it."""
    async with World(binary, folder) as world:
        await world.call()
        await asyncio.sleep(2.0)

        async def go() -> float:
            moment = time.monotonic()
            await world.far.kill()
            world.server.kill()
            return moment

        async def come() -> float:
            world.server.start()
            moment = time.monotonic()
            await world.agent()
            return moment

        return await outage(world, away, go=go, come=come, patience=90.0, agent_returns=False)


@pytest.mark.fault("server-restart")
async def test_a_restart(livekit_binary: Path, tmp_path: Path, report: Report) -> None:
    result = await killed(livekit_binary, tmp_path, 3.0)
    report(f"away 3 s: {result}", result.back <= 15.0 and result.honest)


@pytest.mark.slow
@pytest.mark.fault("server-1h")
async def test_a_server_that_is_away_for_a_while(livekit_binary: Path, tmp_path: Path, report: Report) -> None:
    result = await killed(livekit_binary, tmp_path, 40.0)
    report(f"away 40 s for real: {result}", result.back <= 65.0 and result.honest)
