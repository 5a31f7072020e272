"""Makes the library forget who else was in a room before the room is left; what it still knows then, it keeps for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, cast

from livekit import rtc

from kiosk.room.bounded import REAPER

LIMIT: Final = 0.5
"""Seconds; it takes a few milliseconds, and being without it is not worth a late leaving."""


async def forget_others(room: rtc.Room) -> None:
    """Returns once nobody else is in the room as far as the library knows; raises TimeoutError, and RuntimeError where it is not connected.

    The native library (livekit 1.1.19 to 1.2.1) lets go of another participant when that one leaves or at the beginning of a full
    reconnect, but not when we leave: each publication then holds its participant, that one the engine, and with it go 0.5 MB a
    session (livekit/rust-sdks 1378, 1435). So a full reconnect is begun; leaving ends it before it has joined again.
    """
    if not room.isconnected() or not room.remote_participants:
        return
    forgotten = asyncio.Event()

    def look(_participant: rtc.RemoteParticipant) -> None:
        if not room.remote_participants:
            forgotten.set()

    on = cast(Callable[[str, Callable[..., None]], object], cast(Any, room).on)
    on("participant_disconnected", look)
    await REAPER.bounded(room.simulate_scenario(rtc.SimulateScenarioKind.SIMULATE_FULL_RECONNECT), LIMIT)
    async with asyncio.timeout(LIMIT):
        await forgotten.wait()
