"""What the kiosk has to do with, made up: the API, the media server, the agent. Each knows the truth that the kiosk has to tell."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Literal

from kiosk.audio.frames import Block
from kiosk.errors import Retry, RoomError, SessionError
from kiosk.room import events as room
from kiosk.room.protocol import RoomStatistics
from kiosk.room.reasons import join_timed_out, refused, room_lost, unreachable
from kiosk.session import faults
from kiosk.session.grant import Grant

Api = Literal["well", "down", "portal", "nonsense", "hanging", "bad-key", "no-balance", "unknown-agent", "crowded"]
Media = Literal["well", "away", "silent", "wrong"]
Talk = Literal["listening", "thinking", "speaking"]
Kind = Literal["offline", "busy", "refused", "error", "microphone"]
"""The kinds of failure that a visitor can tell apart by ear."""

STATUS: Final = {"down": 503, "bad-key": 401, "no-balance": 402, "unknown-agent": 404, "crowded": 429}
FALTERING: Final = 0.95
"""Seconds after which nothing comes any more, which may be an accident."""
NOTICED: Final = 2.7
"""Seconds after which it is none."""
GIVEN_UP: Final = 17.0
"""Seconds after which it gives up mending."""


class World:
    """The truth: set `network`, `api`, `media`, `agent` and `talk` through their methods, on the loop's thread."""

    def __init__(self) -> None:
        self.network = True
        self.api: Api = "well"
        self.media: Media = "well"
        self.agent = True
        self.talk: Talk = "listening"
        self.rooms: list[Room] = []
        self.asked: list[float] = []
        """When sessions were asked for."""
        self.pending = 0
        """Requests and joins that have not come to an end."""
        self.failures: list[tuple[float, Kind]] = []
        """What the kiosk was told when it wanted a call, and when."""
        self.reached: bool | None = None
        """Whether the API was there when the kiosk looked last, None before."""
        self.refuses = False
        """The API refused when it was asked for a session last."""
        self.missed: list[tuple[float, Media]] = []
        """When a call failed at the media server, and by what it did."""
        self.server_reached: bool | None = None
        """Whether the media server was there when the kiosk met it last, None before."""
        self.server_since = 0.0
        """Since when a connection to the media server has been possible, if it is."""
        self.endings: list[tuple[float, str]] = []
        """When the other side ended a call, and the tone that tells so."""

    @property
    def room(self) -> Room | None:
        """The room that the kiosk is in."""
        return next((each for each in reversed(self.rooms) if each.joined and not each.over), None)

    def set_network(self, there: bool) -> None:
        """A cut network breaks the call; one that is back lets the SDK mend it."""
        self.network = there
        self._server_changed(not there)
        if (now := self.room) is None:
            return
        if there:
            now.mend()
        else:
            now.break_off()

    def set_media(self, media: Media) -> None:
        """The media server becomes another, for those who join from now on."""
        was_away, self.media = self.media == "away", media
        self._server_changed(was_away)

    def set_agent(self, there: bool) -> None:
        """It leaves the room, or comes into it."""
        self.agent = there
        if self.room is not None and self.room.whole:
            self.room.agent_is(there)

    def set_talk(self, talk: Talk) -> None:
        """Whose turn it is, as the agent says."""
        self.talk = talk
        if self.room is not None and self.room.whole and self.agent:
            self.room.tell(room.AgentState(talk))

    def new_call(self, on_event: Callable[[room.RoomEvent], None], on_audio: Callable[[Block], None]) -> Room:
        """`NewCall` for the kiosk's edges."""
        self.rooms.append(Room(self, on_event))
        return self.rooms[-1]

    def failed(self, kind: Kind) -> None:
        """The kiosk is told of a failure of this kind."""
        self.failures.append((asyncio.get_running_loop().time(), kind))

    # The session API, as `kiosk.session.tokens.Api`.

    async def ask(self) -> Grant:
        self.asked.append(asyncio.get_running_loop().time())
        self.pending += 1
        try:
            await asyncio.sleep(10.0 if self.network and self.api == "hanging" else 0.2)
        finally:
            self.pending -= 1
        if (error := self._wrong()) is None or error.retry in (Retry.REFUSED, Retry.WAIT):
            self.reached = True
        self.refuses = error is not None and error.retry is Retry.REFUSED
        if error is not None:
            kind = {Retry.REFUSED: "refused", Retry.WAIT: "busy"}.get(error.retry, "offline")
            self.failed(kind)  # pyright: ignore[reportArgumentType]  the three literals above
            raise error
        return Grant("wss://media", "token", "session", "room", asyncio.get_running_loop().time() + 300.0)

    async def end(self, grant: Grant) -> None:
        await asyncio.sleep(0.05)

    async def reachable(self) -> SessionError | None:
        await asyncio.sleep(0.1)
        # TCP and TLS only: an API that answers wrongly is there.
        error = self._wrong() if not self.network or self.api == "portal" else None
        self.reached = error is None
        return error

    async def answers(self) -> SessionError | None:
        await asyncio.sleep(0.1)
        error = self._wrong() if not self.network or self.api in ("portal", "down") else None
        self.reached = error is None
        return error

    async def close(self) -> None: ...

    async def server_there(self, url: str) -> bool:
        """Whether the media server can be reached, which is not whether it lets anybody in."""
        await asyncio.sleep(0.1)
        self.server_reached = self.network and self.media != "away"
        return self.server_reached

    def shut_out(self, media: Media) -> None:
        """A join came to nothing by what the media server did."""
        self.missed.append((asyncio.get_running_loop().time(), media))
        if media == "away":
            self.server_reached = False

    def _server_changed(self, was_away: bool) -> None:
        if was_away and self.network and self.media != "away":
            self.server_since = asyncio.get_running_loop().time()

    def _wrong(self) -> SessionError | None:
        if not self.network:
            return faults.offline("the cable is out")
        match self.api:
            case "well":
                return None
            case "portal":
                return faults.captive_portal()
            case "nonsense":
                return faults.bad_answer("it is a poem")
            case "hanging":
                return faults.timed_out(10.0)
            case status:
                headers = {"Retry-After": "40"} if status == "crowded" else {}
                return faults.of_status(STATUS[status], headers, b"", (), 0.0)


class Room:
    """`Call` without a library: what the agent hears, and when, is what reaches `send` while everything is whole."""

    def __init__(self, world: World, on_event: Callable[[room.RoomEvent], None]) -> None:
        self._world = world
        self._on_event = on_event
        self._timers: list[asyncio.TimerHandle] = []
        self._loop = asyncio.get_running_loop()
        self.joined = self.whole = self.subscribed = self.muted = False
        self.over = False
        """The kiosk has left, or was put out."""
        self.lonely = float("inf")
        """Since when there has been no agent in it."""
        self.sent = float("-inf")
        """When the last block came."""

    @property
    def receives(self) -> bool:
        """The agent receives the microphone's track, muted or not."""
        return self.joined and not self.over and self.whole and self.subscribed and self._world.agent

    @property
    def hears(self) -> bool:
        """The agent would hear whatever is sent now."""
        return self.receives and not self.muted

    async def join(self, url: str, token: str, *, timeout: float) -> None:
        self._world.pending += 1
        try:
            await self._join(timeout)
        finally:
            self._world.pending -= 1

    async def _join(self, timeout: float) -> None:
        media = self._world.media if self._world.network else "silent"
        await asyncio.sleep(timeout if media == "silent" else 0.2)
        if media != "well":
            errors = {"wrong": refused(404), "away": unreachable(ConnectionRefusedError()), "silent": join_timed_out()}
            error = errors[media]
            self._world.shut_out(media)
            self._world.failed("refused" if error.retry is Retry.REFUSED else "offline")
            raise error
        self._world.server_reached = True
        self.joined = self.whole = True
        self.lonely = self._loop.time()
        self._soon(0.05, lambda: self.agent_is(self._world.agent))

    def send(self, block: Block) -> None:
        if self.hears:
            self.sent = self._loop.time()

    async def mute(self, muted: bool) -> None:
        self.muted = muted

    async def send_recorded(self, pcm: bytes) -> None:
        raise RoomError("not here", code="recorded-not-sent", retry=Retry.SOON)

    async def leave(self) -> None:
        self._finish()

    async def statistics(self) -> RoomStatistics:
        return RoomStatistics()

    def tell(self, event: room.RoomEvent) -> None:
        """Tell the kiosk, unless it has left."""
        if not self.over:
            self._on_event(event)

    def agent_is(self, there: bool) -> None:
        """The agent comes, and hears a little later; or it leaves."""
        if not self.whole or self.over:
            return
        self.lonely = float("inf") if there else min(self.lonely, self._loop.time())
        if there:
            self.tell(room.AgentArrived("agent"))
            self.tell(room.AgentState(self._world.talk))
            self._soon(0.3, self._hears)
        else:
            self.subscribed = False
            self.tell(room.AgentLeft())

    def break_off(self) -> None:
        """Packets vanish: noticed after a while, given up after another."""
        if not self.whole:
            return
        self._clear()
        self.whole = False
        self._soon(FALTERING, lambda: self.tell(room.Faltering(True)))
        self._soon(NOTICED, lambda: self.tell(room.Resuming()))
        self._soon(GIVEN_UP, lambda: self.put_out(room.Lost(room_lost("the connection broke"))))

    def mend(self) -> None:
        """The packets come through again."""
        if self.whole or self.over:
            return
        faltering, noticed = (self._loop.time() >= timer.when() for timer in self._timers[:2])
        self._clear()
        self.whole = True
        if noticed:
            self.subscribed = False
            self._soon(0.5, self._resumed)
            return
        if faltering:
            self._soon(0.3, lambda: self.tell(room.Faltering(False)))
        if not self.subscribed:
            self._soon(0.3, lambda: self.agent_is(self._world.agent))

    def put_out(self, event: room.RoomEvent) -> None:
        """The room's end by the other side."""
        if self.over:
            return
        if not isinstance(event, room.Lost):
            self._world.endings.append((self._loop.time(), "error" if isinstance(event, room.Displaced) else "ended"))
        self.tell(event)
        self._finish()

    def _resumed(self) -> None:
        self.tell(room.Resumed())
        if self._world.agent:
            self._hears()
        else:
            self.tell(room.AgentLeft())

    def _hears(self) -> None:
        if self.whole and self._world.agent and not self.over:
            self.subscribed = True
            self.tell(room.HeardByAgent())

    def _soon(self, seconds: float, what: Callable[[], None]) -> None:
        self._timers.append(self._loop.call_later(seconds, what))

    def _clear(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _finish(self) -> None:
        self.over = True
        self._clear()
