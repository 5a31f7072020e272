"""The link media: a call of a few seconds, and what became of the sound in it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from kiosk.audio.frames import BLOCK, BLOCK_S, RATE, Block, silence
from kiosk.audio.levels import SILENT
from kiosk.doctor.acoustics import chirp, echo, loudest
from kiosk.doctor.findings import Figures, Finding, broken, failure, ok, skipped, warning
from kiosk.doctor.visit import Visit
from kiosk.errors import RoomError
from kiosk.faults import FAULTS
from kiosk.room import events as room
from kiosk.room.protocol import Call, RoomStatistics

JOINING: Final = 15.0
HEARING: Final = 9.0
"""Seconds in which the agent must hear us, as in the daemon."""
TALKING: Final = 5.0
"""Seconds of sound that are sent."""
EVERY: Final = 100
"""Blocks from one chirp to the next."""
SETTLING: Final = 1.0
"""Seconds after that in which the last of it comes back, and the server reports."""
AUDIBLE: Final = -60.0
LOSS: Final = 0.02
LOSS_BAD: Final = 0.15
"""Shares of packets from which words suffer, and from which they are lost."""
JITTER: Final = 40.0
ROUND_TRIP: Final = 300.0
"""ms from which talk becomes a series of interruptions (ITU-T G.114 has 150 ms for one way)."""
_NETWORK: Final = "look for a weak Wi-Fi or a full line; a cable is better"


@dataclass(frozen=True, slots=True)
class Talked:
    """What became of the call."""

    joined_s: float
    heard: bool
    """The agent took our sound."""
    level: float
    """dBFS of the loudest 300 ms that came."""
    echo_ms: float | None
    """From a chirp to its return, where the agent gives it back."""
    statistics: RoomStatistics


def judge_media(talked: Talked) -> Finding:
    """How good the call was."""
    statistics = talked.statistics
    up, down = _share(statistics.lost_on_the_way, statistics.sent), _share(statistics.lost, statistics.received + statistics.lost)
    figures = _figures(talked, up, down)
    parts = [f"joined in {1000 * talked.joined_s:.0f} ms"]
    parts += [f"round trip {statistics.rtt_ms:.0f} ms"] if statistics.rtt_ms is not None else []
    parts += [f"jitter {statistics.jitter_ms:.0f} ms"] if statistics.jitter_ms is not None else []
    parts += [f"lost {up:.1%} up, {down:.1%} down" if up is not None else f"lost {down:.1%} down"] if down is not None else []
    parts.append(f"heard {talked.level:.0f} dBFS" if talked.level > AUDIBLE else "the agent said nothing")
    parts += [f"its echo of us after {talked.echo_ms:.0f} ms"] if talked.echo_ms is not None else []
    said = ", ".join(parts)
    if not talked.heard:
        return failure("media", f"{said}; nobody took our sound within {HEARING:g} s", FAULTS["agent-missing"].mend, **figures)
    if statistics.sent == 0:
        return failure("media", f"{said}; no packet left the device", "look at the firewall (UDP 443 and 10000-20000)", **figures)
    worst = max(up or 0.0, down or 0.0)
    if worst >= LOSS_BAD:
        return failure("media", f"{said}: too much is lost to be understood", _NETWORK, **figures)
    slow, shaky = (statistics.rtt_ms or 0.0) >= ROUND_TRIP, (statistics.jitter_ms or 0.0) >= JITTER
    if worst >= LOSS or slow or shaky:
        return warning("media", said, _NETWORK, **figures)
    return ok("media", said, **figures)


async def media(visit: Visit) -> Finding:
    """Joins the session's room, talks and listens for a few seconds, and leaves."""
    grant = visit.grant
    if grant is None:
        return skipped("media", "no session to make a call in")
    ears = _Ears()
    call = visit.means.call(visit.config)(ears.told, ears.take)
    try:
        began = time.monotonic()
        await call.join(grant.url, grant.token, timeout=JOINING)
        talked = await _talked(visit, call, ears, time.monotonic() - began)
    except RoomError as error:
        return broken("media", error)
    finally:
        await call.leave()
    visit.statistics = talked.statistics
    return judge_media(talked)


class _Ears:
    """What comes from the room; `take` is called on the library's threads."""

    def __init__(self) -> None:
        self.heard = asyncio.Event()
        self.blocks: list[tuple[float, Block]] = []

    def told(self, event: room.RoomEvent) -> None:
        if isinstance(event, room.HeardByAgent):
            self.heard.set()

    def take(self, block: Block) -> None:
        self.blocks.append((time.monotonic(), block.copy()))


async def _talked(visit: Visit, call: Call, ears: _Ears, joined: float) -> Talked:
    person = visit.means.person
    person.tell("media: waiting for the agent …")
    try:
        async with asyncio.timeout(HEARING):
            await ears.heard.wait()
    except TimeoutError:
        return Talked(joined, heard=False, level=_level(ears), echo_ms=None, statistics=await call.statistics())
    person.tell("media: talking and listening …")
    began = await _talk(call)
    await asyncio.sleep(SETTLING)
    talked = Talked(joined, heard=True, level=_level(ears), echo_ms=None, statistics=await call.statistics())
    back = echo(chirp(), *_since(ears, began))
    return replace(talked, echo_ms=back.delay_ms if back else None)


async def _talk(call: Call) -> float:
    """Chirps in real time; the monotonic time of the first."""
    pattern = np.concatenate([chirp(), silence(EVERY)])[: EVERY * BLOCK].reshape(-1, BLOCK)
    loop = asyncio.get_running_loop()
    began, due = time.monotonic(), loop.time()
    for index in range(round(TALKING / BLOCK_S)):
        call.send(np.ascontiguousarray(pattern[index % EVERY]))
        due += BLOCK_S
        await asyncio.sleep(max(0.0, due - loop.time()))
    return began


def _level(ears: _Ears) -> float:
    return loudest(np.concatenate([silence(0), *(block for _, block in ears.blocks)])) if ears.blocks else SILENT


def _since(ears: _Ears, began: float) -> tuple[Block, float]:
    """What came in the first period of the chirps, and where it begins in that: later ones are the same sound again."""
    blocks = [(moment, block) for moment, block in ears.blocks if began <= moment < began + EVERY * BLOCK_S + len(chirp()) / RATE]
    if not blocks:
        return silence(0), 0.0
    return np.concatenate([block for _, block in blocks]), max(0.0, began - (blocks[0][0] - BLOCK_S))


def _share(lost: int | None, whole: int) -> float | None:
    return None if lost is None or whole <= 0 else max(0.0, min(1.0, lost / whole))


def _figures(talked: Talked, up: float | None, down: float | None) -> Figures:
    statistics = talked.statistics
    return {
        "joined_s": round(talked.joined_s, 3),
        "round_trip_ms": _rounded(statistics.rtt_ms),
        "jitter_ms": _rounded(statistics.jitter_ms),
        "sent": statistics.sent,
        "received": statistics.received,
        "lost_up_share": None if up is None else round(up, 4),
        "lost_down_share": None if down is None else round(down, 4),
        "concealed_ms": _rounded(statistics.concealed_ms),
        "level_dbfs": round(talked.level, 1),
        "echo_ms": _rounded(talked.echo_ms),
        "path": statistics.path,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
