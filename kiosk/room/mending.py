"""From the moment at which a connection carries nothing to the proof that it does again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from kiosk.errors import RoomError
from kiosk.room.publication import Publication
from kiosk.room.pulse import DETOUR, LOOK, Pulse
from kiosk.room.reasons import room_lost
from kiosk.room.traffic import Traffic

PROOF: Final = 2.0
"""Seconds in which something must come over a connection that the library calls mended; on a good one it takes at most 1.8."""
SETTLED: Final = 1.0
"""Seconds after the break from which on what comes has come over the mended path; livekit restarts ICE within 0.1 s."""


class Mending:
    """Puts the library's word (reconnecting, reconnected) and the signs of life together: broken by either, whole by both."""

    def __init__(
        self, traffic: Traffic, publication: Publication, pulse: Pulse, start: Callable[[Coroutine[Any, Any, None]], object]
    ) -> None:
        self._traffic, self._publication, self._pulse, self._start = traffic, publication, pulse, start
        self._broken = self._library = False
        self._round = 0
        self._since = 0.0
        pulse.on_silent, pulse.on_alive, pulse.on_falter = self._break, self._alive, self._falter
        traffic.on_reconnecting, traffic.on_reconnected = self._reconnecting, self._reconnected

    def _break(self) -> None:
        if self._broken:
            return
        self._broken = True
        self._since = asyncio.get_running_loop().time()
        # As long as signs come at all, the sound has got through but for a moment.
        silence = self._pulse.silence
        self._traffic.broken(unheard=silence + LOOK if silence > DETOUR else 0.0)

    def _falter(self, falters: bool) -> None:
        if not self._broken:
            self._traffic.falters(falters)

    def _alive(self) -> None:
        if self._broken and not self._library:
            self._broken = False
            self._traffic.resumed(anew=False)

    def _reconnecting(self) -> None:
        self._library = True
        self._round += 1
        self._publication.broken()
        self._break()

    def _reconnected(self) -> None:
        self._start(self._check(self._round))

    async def _check(self, number: int) -> None:
        try:
            anew = await self._publication.check()
        except RoomError as error:
            self._lost(number, error)
            return
        if not await self._alive_again():
            self._lost(number, room_lost("nothing comes over the connection that was mended"))
        elif number == self._round:
            self._library = self._broken = False
            self._traffic.resumed(anew=anew)

    async def _alive_again(self) -> bool:
        now = asyncio.get_running_loop().time()
        return now - self._pulse.silence > self._since + SETTLED or await self._pulse.sign(PROOF)

    def _lost(self, number: int, error: RoomError) -> None:
        if number == self._round:
            self._traffic.lost(error)
