"""Round trip, CPU and memory: every contestant in a call with an echoing agent, one after the other, round by round."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

from tests.bench.clicks import LONGEST, click, delays, onsets, pauses
from tests.bench.results import Sheet
from tests.bench.stage import Stage
from tests.bench.usage import Usage, load, memory, usage
from tests.parts.cable import Ear
from tests.parts.child import Child

SETTLING: Final = 3.0
"""Seconds from the first sound of the call to the first click: jitter buffers and estimators have found their measure."""
STALL: Final = 0.5
"""Seconds for which a contestant's process then stands still, as on a busy or throttled board: what of it stays in the call as delay?"""
AFTERWARDS: Final = 5
"""Clicks after that."""
RESTING: Final = 4.0
"""Seconds over which the CPU of a kiosk without a visitor is measured."""
KIOSK: Final = "voice-kiosk"
BARE: Final = "voice-kiosk, no processing"
MEDIA: Final = "rtc.MediaDevices"
PLATFORM: Final = "rtc.PlatformAudio"
CABLE: Final = "the cable alone"
CONTESTANTS: Final = (KIOSK, BARE, MEDIA, PLATFORM, CABLE)
_OFF: Final = {"echo_cancellation": False, "noise_suppression": False, "gain_control": False}
_KNOWN_THREADS: Final = {"MainThread": "loop", "kiosk-microphone": "capture", "kiosk-speaker": "playout"}

Say = Callable[[str], None]
Make = Callable[[], AbstractAsyncContextManager[Child]]


class RoundTrips:
    """Plays rounds and keeps three tables."""

    def __init__(self, stage: Stage, clicks: int, say: Say) -> None:
        self._stage = stage
        self._pauses = pauses(clicks)
        self._say = say
        self.trips = Sheet("Round trip: click into the microphone, echoed by the agent, out of the speaker (ms)", "")
        self.usage = Sheet("CPU in % of one core, memory in MB", "")
        self.threads = Sheet(f"{KIOSK}'s threads, CPU in % of one core", "thread")
        self._makers: Mapping[str, Make] = {
            KIOSK: lambda: self._kiosk(KIOSK, {}),
            BARE: lambda: self._kiosk(BARE, _OFF),
            MEDIA: lambda: _direct(stage.media_devices()),
            PLATFORM: lambda: _direct(stage.platform_audio()),
        }

    async def play(self, number: int, contestants: tuple[str, ...] = CONTESTANTS) -> None:
        """One round: everybody once."""
        for name in contestants:
            self._say(f"round {number}: {name} (load {load():.1f})")
            self.usage.add(name, "load", load())
            if name == CABLE:
                self.trips.add(name, "round trip", *(1000 * delay for delay in await self._clicks(self._stage.near)))
            else:
                await self._call(name)

    def ratios(self) -> None:
        """What there is to reach, into the table of round trips."""
        for name in CONTESTANTS:
            for other in (MEDIA, PLATFORM):
                self.trips.add(name, f"× {other}", self.trips.middle(name, "round trip") / self.trips.middle(other, "round trip"))

    async def _call(self, name: str) -> None:
        self._stage.new_room()
        async with self._stage.far_end(echo=True) as agent, self._makers[name]() as child:
            await agent.event("track")
            await asyncio.sleep(SETTLING)
            before = usage(child.pid)
            found = await self._clicks(self._stage.ear)
            after = usage(child.pid)
            resident, proportional = memory(child.pid)
            self.trips.add(name, "round trip", *(1000 * delay for delay in found))
            self.trips.add(name, "clicks heard %", 100 * len(found) / len(self._pauses))
            await self._stand_still(child)
            late = await self._clicks(self._stage.ear, AFTERWARDS)
            self.trips.add(name, f"after {STALL:g} s of standing still", *(1000 * delay for delay in late))
            self.usage.add(name, "in a call", after.percent_since(before))
            self.usage.add(name, "RSS", resident)
            self.usage.add(name, "PSS", proportional)
            if name in (KIOSK, BARE):
                await self._split(name, "in a call", child, before, after)
                await child.ask("release")
                await asyncio.sleep(1.0)
                await self._rest(name, "connected, microphone closed", child)

    async def _stand_still(self, child: Child) -> None:
        os.kill(child.pid, signal.SIGSTOP)
        await asyncio.sleep(STALL)
        os.kill(child.pid, signal.SIGCONT)
        await asyncio.sleep(SETTLING)

    async def _clicks(self, ear: Ear, most: int | None = None) -> list[float]:
        """Click, wait, click …, all of them or so many; seconds from each to its echo at that ear."""
        stage, sent = self._stage, list[float]()
        began = time.monotonic()
        for number, pause in enumerate(self._pauses[:most]):
            sent.append(await asyncio.to_thread(stage.mouth.say, click(number)))
            await asyncio.sleep(pause)
        await asyncio.sleep(LONGEST / 2)
        return delays(sent, await asyncio.to_thread(onsets, ear, began))

    @asynccontextmanager
    async def _kiosk(self, name: str, audio: Mapping[str, Any]) -> AsyncGenerator[Child]:
        """A kiosk that is up, and in a call when the block begins: its button is held."""
        async with self._stage.kiosk(**({"audio": audio} if audio else {})) as child:
            await asyncio.sleep(1.0)
            await self._rest(name, "idle", child)
            await child.ask("press")
            yield child

    async def _rest(self, name: str, column: str, child: Child) -> None:
        before = usage(child.pid)
        await asyncio.sleep(RESTING)
        after = usage(child.pid)
        self.usage.add(name, column, after.percent_since(before))
        await self._split(name, column, child, before, after)

    async def _split(self, name: str, column: str, child: Child, before: Usage, after: Usage) -> None:
        if name != KIOSK:
            return
        names = (await child.ask("threads"))["names"]
        shares: dict[str, float] = {}
        for thread, percent in after.threads_since(before).items():
            known = _KNOWN_THREADS.get(str(names.get(str(thread))), "native")
            shares[known] = shares.get(known, 0.0) + percent
        for known in ("capture", "playout", "loop", "native"):
            self.threads.add(known, column, shares.get(known, 0.0))


@asynccontextmanager
async def _direct(child: Child) -> AsyncGenerator[Child]:
    async with child:
        yield child
