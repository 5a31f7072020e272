"""The house in a process of its own, so that what the tests keep is not counted as the kiosk's: `python -m tests.soak.house_main API_URL`.

Event: joined (it is idle and ready). Commands: visit (answers with what the process holds after it), leave.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict

from kiosk.sim.world import API_KEY
from kiosk.system.memory import settle
from tests.parts.lines import emit, serve
from tests.soak.house import Holdings, House


async def main(url: str) -> None:
    async with House(url, API_KEY) as house:
        settle()

        async def visit() -> Mapping[str, object]:
            await house.visit()
            return asdict(Holdings.now())

        emit("joined")
        await serve({"visit": visit})
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
