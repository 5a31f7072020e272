"""One visit to one LiveKit room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, cast

from aiohttp.abc import AbstractResolver
from livekit import rtc

from kiosk.audio.frames import RATE, Block
from kiosk.errors import Retry, RoomError
from kiosk.room import chatter
from kiosk.room.bounded import REAPER, quietly
from kiosk.room.events import RoomEvent
from kiosk.room.mending import Mending
from kiosk.room.native import heard_out, release, spare_captures
from kiosk.room.protocol import RoomStatistics
from kiosk.room.publication import Publication
from kiosk.room.pulse import Arrivals, Pulse
from kiosk.room.reasons import join_failed, join_timed_out
from kiosk.room.signalling import Signalling
from kiosk.room.source import MicrophoneSource
from kiosk.room.statistics import summarize
from kiosk.room.traffic import Traffic

LEAVE_LIMIT: Final = 4.0
"""Seconds; disconnecting may take as long when packets vanish."""
DISCONNECT_LIMIT: Final = 3.0
"""Seconds until a leaving that the library does not end is given up."""
GIVING_UP: Final = 1.0
"""Seconds in which a join ends that was given up, once nobody answers it any more."""
LAST_EVENT: Final = 0.5
"""Seconds until a room that was left has heard its last; a millisecond, as a rule."""
FORGET_LIMIT: Final = 0.5
"""Seconds in which the library takes note that the others have left; it takes a few milliseconds."""
STATISTICS_LIMIT: Final = 2.0
"""Seconds until statistics are given up."""
DATA_LIMIT: Final = 64 * 1024
"""Bytes of one incoming data stream; the native side ends longer ones."""


class LiveKitCall:
    """`Call` on the real library. `on_event` is called on the loop, `on_audio` on the library's threads, one block at a time.

    Neither is called after `leave` has begun.
    preconnect: mark the track as one whose beginning comes by `send_recorded`. resolver: finds the media server's address; the
    system's in threads of the loop where it is None.
    """

    def __init__(
        self,
        on_event: Callable[[RoomEvent], None],
        on_audio: Callable[[Block], None],
        *,
        preconnect: bool = False,
        resolver: AbstractResolver | None = None,
    ) -> None:
        chatter.hush()
        self._on_event = on_event
        self._on_audio = on_audio
        self._preconnect = preconnect
        self._room: rtc.Room | None = None
        self._signalling = Signalling(self._ending, resolver)
        self._traffic: Traffic | None = None
        self._source: MicrophoneSource | None = None
        self._publication: Publication | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._left = False
        self._settled = asyncio.Event()
        self._settled.set()

    async def join(self, url: str, token: str, *, timeout: float) -> None:
        """See `Call.join`; on failure or cancellation call `leave` as after success."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        room = self._room = rtc.Room()
        traffic = self._traffic = Traffic(room, self._on_event, self._on_audio)
        await self._connect(room, await self._signalling.open(url), token, deadline - loop.time())
        spare_captures(room)
        source = self._source = MicrophoneSource()
        publication = self._publication = Publication(room, source, preconnect=self._preconnect)
        traffic.microphone = publication
        self._start(source.keep_alive())
        traffic.begin()
        await publication.publish(deadline - loop.time())
        pulse = Pulse(Arrivals(room), self._signalling.line)
        Mending(traffic, publication, pulse, self._start)
        self._start(pulse.run())

    def send(self, block: Block) -> None:
        """See `Call.send`."""
        source = self._source
        if source is not None:
            source.send(block)

    async def mute(self, muted: bool) -> None:
        """See `Call.mute`."""
        if self._publication is not None and self._in_room():
            self._publication.mute(muted)

    async def send_recorded(self, pcm: bytes) -> None:
        """See `Call.send_recorded`."""
        if self._publication is None or self._traffic is None or self._traffic.agent is None:
            raise RoomError("no agent to send the recorded words to", code="recorded-not-sent", retry=Retry.SOON)
        await self._publication.send_recorded(pcm, self._traffic.agent, RATE)

    async def statistics(self) -> RoomStatistics:
        """See `Call.statistics`."""
        if self._room is None or not self._in_room():
            return RoomStatistics()
        try:
            return summarize(await REAPER.bounded(self._room.get_rtc_stats(), STATISTICS_LIMIT))
        except (TimeoutError, RuntimeError):
            return RoomStatistics()

    async def leave(self) -> None:
        """See `Call.leave`."""
        if self._left:
            return
        self._left = True
        try:
            await REAPER.bounded(self._put_away(), LEAVE_LIMIT)
        except TimeoutError:
            return

    def _in_room(self) -> bool:
        return not self._left and self._traffic is not None and not self._traffic.over

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _put_away(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._traffic is not None:
            await quietly(self._traffic.close())
        if self._room is not None:
            await quietly(self._forget(self._room))
            await quietly(REAPER.bounded(self._room.disconnect(), DISCONNECT_LIMIT))
        await quietly(self._signalling.shut())
        await quietly(asyncio.wait_for(self._settled.wait(), GIVING_UP))
        await quietly(self._signalling.close())
        # A join that still goes on needs its room until it ends.
        if self._room is not None and self._settled.is_set():
            await quietly(heard_out(self._room, LAST_EVENT))
            release(self._room)
        if self._source is not None:
            await quietly(self._source.close())

    async def _connect(self, room: rtc.Room, url: str, token: str, limit: float) -> None:
        options = rtc.RoomOptions(
            auto_subscribe=True, dynacast=False, data_stream=rtc.DataStreamOptions(max_payload_byte_length=DATA_LIMIT)
        )

        async def connect() -> None:
            self._settled.clear()
            try:
                await room.connect(url, token, options)
            finally:
                self._settled.set()

        try:
            await REAPER.bounded(connect(), limit, after=room.disconnect)
        except TimeoutError as error:
            raise join_timed_out() from error
        except rtc.ConnectError as error:
            # Not the cause: its text holds the token, and a traceback would show it.
            raise self._signalling.failure or join_failed(error.message) from None

    def _ending(self) -> list[rtc.RemoteParticipant]:
        """The server puts us out: the library is to forget the others, and nobody is to hear of it as of their leaving."""
        # A connection that the library is replacing is taken leave of as well, and that is no end.
        if self._room is None or self._traffic is None or self._room.connection_state != rtc.ConnectionState.CONN_CONNECTED:
            return []
        self._traffic.ending()
        return list(self._room.remote_participants.values())

    async def _forget(self, room: rtc.Room) -> None:
        """Returns once the library knows of nobody else in the room; raises TimeoutError where it does not take note."""
        if not room.isconnected() or not await self._signalling.forget(room.remote_participants.values()):
            return
        forgotten = asyncio.Event()

        def look(_participant: rtc.RemoteParticipant) -> None:
            if not room.remote_participants:
                forgotten.set()

        cast(Callable[[str, Callable[..., None]], object], cast(Any, room).on)("participant_disconnected", look)
        if room.remote_participants:
            async with asyncio.timeout(FORGET_LIMIT):
                await forgotten.wait()
