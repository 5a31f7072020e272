"""The same on a real media server and a real sound card, shorter: what the server and the agent know, beside what the LED shows."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest

from kiosk.signals import Indication
from tests.live.conftest import card, livekit_binary, server
from tests.live.hall import Hall
from tests.parts.far_end import FarEnd
from tests.parts.livekit_server import LiveKitServer
from tests.truth.oracle import AT_REST, COLORS, shown

__all__ = ["card", "livekit_binary", "server"]

WITHIN = 1.0
"""Seconds in which the kiosk has to tell the truth, from the moment at which the server and the agent agree on it."""
STEPS = 8
LED = {
    "pin": None,
    "rgb": [5, 6, 13],
    "brightness": 1.0,
    "patterns": {name.value: {"color": code, "steps": [[1.0, "1s"]]} for name, code in COLORS.items() if name != "off"},
}


class Stay:
    """A kiosk in hold mode, its visitor, its agent, and what is true of them."""

    def __init__(self, server: LiveKitServer, hall: Hall, agent: FarEnd, luck: random.Random) -> None:
        self.server, self.hall, self.agent, self.luck = server, hall, agent, luck
        self.talk = "listening"
        self.log: list[str] = []

    async def truth(self) -> frozenset[Indication]:
        """What the LED may show, as the media server and the agent see it."""
        kiosk = next((who for who in await self.server.participants(self.hall.room) if who["identity"] != "agent"), None)
        if kiosk is None:
            return AT_REST
        if self.talk != "listening":
            return frozenset({Indication(self.talk)})
        tracks = kiosk.get("tracks")
        muted = isinstance(tracks, list) and any(track.get("muted", False) for track in tracks)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType, reportUnknownArgumentType]
        return frozenset({Indication.MUTED if muted else Indication.LISTENING})

    async def agrees(self) -> None:
        """Wait until LED and truth agree for two looks in a row, WITHIN seconds after the truth has stopped to change at most."""
        loop = asyncio.get_running_loop()
        true, since, agreed, led = await self.truth(), loop.time(), 0, Indication.OFF
        while agreed < 2:
            await asyncio.sleep(0.1)
            now = await self.truth()
            if now != true:
                true, since = now, loop.time()
            led = shown(self.hall.panel.level, self.hall.panel.color)
            agreed = agreed + 1 if led in true else 0
            assert loop.time() - since <= WITHIN, f"the LED shows {led}, but {sorted(true)} is true: {self.log}"
        record = await self.hall.device.status.collect()
        assert record.indication is led
        assert (record.call is None) == (led in AT_REST)

    async def press(self) -> None:
        """Press, and be heard."""
        self.hall.panel.press()
        await self.hall.audible()

    async def release(self) -> None:
        """Let go, and let the tail be over."""
        self.hall.panel.release()
        await asyncio.sleep(1.0)

    async def say(self) -> None:
        """The agent says whose turn it is."""
        self.talk = self.luck.choice(["listening", "thinking", "speaking"])
        await self.agent.state(self.talk)

    async def hang_up(self) -> None:
        """The other side ends the call."""
        for who in await self.server.participants(self.hall.room):
            if who["identity"] != "agent":
                await self.server.remove_participant(self.hall.room, str(who["identity"]))
        self.hall.panel.release()


@pytest.mark.flaky(reruns=2)  # the virtual cable drops sound by itself now and then
@pytest.mark.parametrize("seed", [1, 2])
async def test_the_truth_is_told_on_real_parts(server: LiveKitServer, seed: int) -> None:
    luck = random.Random(seed)
    async with Hall(server, led=LED) as hall:
        stay = Stay(server, hall, await hall.agent(), luck)
        for _ in range(STEPS):
            acts: list[Callable[[], Awaitable[None]]] = [stay.say, stay.hang_up, stay.release if hall.panel.contact else stay.press]
            act = luck.choice(acts) if await in_room(stay) else stay.press
            stay.log.append(act.__name__)
            await act()
            await stay.agrees()


async def in_room(stay: Stay) -> bool:
    """Whether the kiosk is in the room."""
    return any(who["identity"] != "agent" for who in await stay.server.participants(stay.hall.room))
