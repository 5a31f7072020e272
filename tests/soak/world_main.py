"""The loopback world in a process of its own, so that what it needs is not counted as the kiosk's: `python -m tests.soak.world_main`.

Event: joined (api: URL of the session API). No commands but leave.
"""

from __future__ import annotations

import asyncio
import logging
import os

from kiosk.sim.world import World
from tests.parts.lines import emit, serve


async def main() -> None:
    for chatty in ("aiortc", "aioice"):
        logging.getLogger(chatty).setLevel(logging.CRITICAL)
    async with World("silent") as world:
        emit("joined", api=world.api_url)
        await serve({})
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
