"""What a visitor goes through while the network is away in a call, in figures."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from kiosk.audio.earcons import NOTES, tone
from kiosk.audio.frames import RATE
from kiosk.signals import Earcon
from kiosk.sim.wav import spoken
from tests.parts.align import align
from tests.parts.chain import RATE as COARSE
from tests.parts.chain import Haystack, prepare
from tests.parts.island.world import World
from tests.parts.recording import Samples
from tests.room.sounds import sweeps

SENTENCE: Final = spoken("visitor")
SPOKEN: Final = len(SENTENCE) / RATE
BEFORE: Final = 1.2
"""Seconds of the agent's voice that sound before the network goes."""
AGENT_WAITS: Final = 20.0
"""Seconds after which a room whose visitor has gone is closed; an agent is there again ARRIVAL seconds before the network is."""
ARRIVAL: Final = 4.0
EARLY: Final = 4.0
"""Seconds after which the break has been told by tone at the latest."""
TELLING: Final = 1.0
"""Seconds after which the light has told it at the latest."""
ALIKE: Final = 0.5
WINDOW: Final = 0.2

Act = Callable[[], Awaitable[float]]


@dataclass(frozen=True, slots=True)
class Outage:
    """Times in seconds."""

    back: float
    """From the network's return until the agent hears the visitor again; negative never."""
    lost_ms: float
    """Of the sentence that the visitor said while it was away."""
    lost_of_ms: float
    again: int
    """How often the agent's own words sounded at the speaker: 1."""
    told: float | None
    """From the cut until the LED says `reconnecting`; None when it never did."""
    chimed: bool
    """The tone of a reconnect was heard."""
    joins: int
    """Rooms joined anew."""
    flickers: int
    """How often the LED said `reconnecting`."""

    def __str__(self) -> str:
        told = "LED never" if self.told is None else f"LED after {self.told:.1f} s"
        tone_heard = "tone" if self.chimed else "no tone"
        words = f"{self.lost_ms:.0f} of {self.lost_of_ms:.0f} ms of speech lost"
        return f"heard again {self.back:.1f} s after, {self.joins} rejoins, {words}, agent's played {self.again}×, {told}, {tone_heard}"

    @property
    def honest(self) -> bool:
        """Nothing was lost or played twice, and the visitor was told by light within a second, and by tone."""
        return self.lost_ms <= LOST and self.again == 1 and self.told is not None and self.told <= TELLING and self.chimed


LOST: Final = 60.0
"""Milliseconds that a far jitter buffer on busy cores takes out of a sentence that is caught up (CHANGELOG.md, known defects)."""


async def outage(world: World, away: float, *, go: Act, come: Act, patience: float, agent_returns: bool = True) -> Outage:
    """In a call: the network goes while the agent speaks, the visitor says a sentence, and it comes back `away` seconds later.

    patience: seconds for the agent to hear the visitor again. agent_returns: an agent comes back that had to leave meanwhile.
    """
    seen, voice = len(world.kiosk.events), sweeps(4.0)
    begun = await world.far.play(voice)
    await asyncio.sleep(BEFORE)
    gone = await go()
    await asyncio.sleep(0.3)
    await world.say(SENTENCE)
    # The speaker remembers a minute.
    await asyncio.sleep(min(away, EARLY))
    middle = time.monotonic()
    played = await world.played(begun - 0.1)
    if agent_returns and away > AGENT_WAITS:
        await asyncio.sleep(max(0.0, gone + away - ARRIVAL - time.monotonic()))
        await world.agent()
    await asyncio.sleep(max(0.0, gone + away - time.monotonic()))
    healed = await come()
    heard = await world.agent_hears(gone, patience)
    await delivered(world)
    result = await asyncio.to_thread(align, SENTENCE, await world.heard(gone))
    played = np.concatenate([played, await world.played(middle)])
    lights = [event["at"] - gone for event in world.told("state", seen) if event["indication"] == "reconnecting"]
    shown = [str(event["indication"]) for event in world.told("state", seen)]
    return Outage(
        back=heard - healed,
        lost_ms=result.lost_ms,
        lost_of_ms=result.speech_ms,
        again=await asyncio.to_thread(times_played, voice[: int(BEFORE * RATE)], played),
        told=lights[0] if lights else None,
        chimed=await asyncio.to_thread(sounded, tone(NOTES[Earcon.RECONNECTING]), played),
        joins=len(world.told("connected", seen)),
        flickers=sum(now == "reconnecting" != last for last, now in zip(["", *shown], shown, strict=False)),
    )


async def delivered(world: World) -> None:
    """Everything recorded has gone out and had time to be played."""
    async with asyncio.timeout(SPOKEN + 10.0):
        while (await world.kiosk.ask("figures"))["backlog"]:  # noqa: ASYNC110  another process, which is asked
            await asyncio.sleep(0.2)
    await asyncio.sleep(1.5)


def times_played(voice: Samples, played: Samples) -> int:
    """How often the most repeated stretch of `voice` is in what the speaker played; 0 when most of it is not there."""
    sent, hay = prepare(voice, RATE), Haystack(prepare(played, RATE))
    size = int(WINDOW * COARSE)
    counts: list[int] = []
    for start in range(0, len(sent) - size, size):
        alike = hay.likeness(sent[start : start + size], 0, len(played)) > ALIKE
        places = np.flatnonzero(alike)
        counts.append(int(len(places) > 0) + int(np.sum(np.diff(places) > size // 2)))
    # Busy cores conceal a stretch now and then, and the last ones may be on their way when the network goes.
    return max(counts) if sum(count > 0 for count in counts) >= len(counts) / 2 else 0


def sounded(sought: Samples, played: Samples) -> bool:
    """Whether the speaker played that sound."""
    hay = Haystack(prepare(played, RATE))
    return float(np.max(hay.likeness(prepare(sought, RATE), 0, len(played)), initial=0.0)) > ALIKE
