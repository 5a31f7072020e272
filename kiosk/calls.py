"""The call: from the machine's order to connect, over token and room, to the end at the API.

One connection is one `Link` with one task that lives as long as it does: ask for a token, join, stay until told to go,
leave, end the session. A link that the machine has given up still tidies up after itself, while the next may begin.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from kiosk.audio.frames import Block
from kiosk.chronicle import Chronicle
from kiosk.errors import Retry, RoomError, SessionError
from kiosk.link import Link, NewCall, TokenSource, Uplink, tell
from kiosk.machine.events import Event, On
from kiosk.machine.states import Talk
from kiosk.nursery import Nursery
from kiosk.room import events as room
from kiosk.room.protocol import RoomStatistics
from kiosk.session.grant import Grant

_log = logging.getLogger(__name__)

JOIN_LIMIT: Final = 15.0
"""Seconds for one join: a refused one fails in 0.1 s, one whose packets vanish would take the SDK 20 to 60 s."""
LEAVE_LIMIT: Final = 5.0
"""Seconds that a new join waits for the last room to be left, which takes 4 s at most."""
_MEANING: Final[dict[type[object], On]] = {
    room.Resuming: On.RESUMING,
    room.Lost: On.LOST,
    room.Ended: On.ENDED,
    room.Displaced: On.DISPLACED,
    room.HeardByAgent: On.AUDIBLE,
    room.AgentArrived: On.AGENT_ARRIVED,
    room.AgentLeft: On.AGENT_LEFT,
}


class Missed(NamedTuple):
    """A media server at which an attempt failed."""

    url: str
    at: float
    """When, in the loop's time."""


class Calls:
    """Carries out CONNECT, LEAVE, FEED and HOLD; posts what comes of them. `stream` sends first words by byte stream."""

    def __init__(
        self, tokens: TokenSource, new_call: NewCall, sound: Uplink, chronicle: Chronicle, nursery: Nursery, *, stream: bool
    ) -> None:
        self._tokens = tokens
        self._new_call = new_call
        self._sound = sound
        self._chronicle = chronicle
        self._nursery = nursery
        self._stream = stream
        self._links: list[Link] = []
        self.media_server: str | None = None
        """Host of the media server that was joined last."""
        self.missed: Missed | None = None
        """Where the latest attempt failed that came as far as a media server; None before the first."""
        self.post: Callable[[Event], None]
        self.on_failure: Callable[[int, SessionError | RoomError], None]
        self.on_falter: Callable[[int, bool], None]
        self.on_mishap: Callable[[int, RoomError], None]
        self.on_idle: Callable[[], None] = lambda: None
        """The last connection is gone."""

    def reconfigure(self, new_call: NewCall, *, stream: bool) -> None:
        """How the next connections are made."""
        self._new_call, self._stream = new_call, stream

    @property
    def idle(self) -> bool:
        """No connection is there, nor is one being left."""
        return not self._links

    @property
    def agent_says(self) -> bool:
        """The agent itself says whose turn it is."""
        return bool(self._links) and self._links[-1].talk is not None

    @property
    def current(self) -> Link | None:
        """The connection that the machine has, made or being made; None without one."""
        link = self._links[-1] if self._links else None
        return link if link and not link.over.is_set() else None

    @property
    def token_age(self) -> float | None:
        """Seconds since the token in use came: with the join, or by the server's own refresh. None without a call."""
        link = self.current
        return link.token_age if link else None

    async def statistics(self) -> RoomStatistics | None:
        """The current connection's figures; None without one."""
        link = self.current
        return await link.call.statistics() if link and link.joined else None

    # Orders of the machine: none of them waits.

    def connect(self, generation: int) -> None:
        """Begin a connection under this generation."""
        link = Link(generation)
        link.call = self._new_call(partial(self._on_event, link), partial(self._on_audio, link))
        earlier = self._links[-1] if self._links else None
        self._links.append(link)
        self._nursery.spawn(self._life(link, earlier), f"call-{generation}")

    def leave(self) -> None:
        """Give the current connection up."""
        if link := self.current:
            link.give_up()
            self._sound.disconnect()
            self._sound.flush()

    def feed(self) -> None:
        """The agent hears us: send what was recorded, then live."""
        link = self.current
        if link is None:
            return
        if self._stream and not link.fed and (recorded := self._sound.take_recorded()):
            # As LiveKit's agents take first words; the rest comes in the track from where the recording ends.
            self._nursery.spawn(self._send_recorded(link, recorded), "first-words")
        link.fed = True
        self._sound.connect(link.call.send)

    def hold(self) -> None:
        """Nobody hears us: record."""
        link = self.current
        self._sound.disconnect(link.unheard if link else 0.0)

    def mute(self, muted: bool) -> None:
        """Tell the room whether the microphone is live."""
        link = self.current
        if link and link.joined:
            self._nursery.spawn(link.call.mute(muted), "mute")

    async def emptied(self) -> None:
        """Returns when every connection is gone."""
        for link in list(self._links):
            await link.gone.wait()

    # One link's life.

    async def _life(self, link: Link, earlier: Link | None) -> None:
        try:
            await self._attempt(link, earlier)
            await link.over.wait()
        finally:
            await self._put_away(link)

    async def _put_away(self, link: Link) -> None:
        """Leaves the room and ends the session. However that goes, the link is gone then: one that stayed would keep the kiosk busy."""
        try:
            await link.call.leave()
            link.left.set()
            if link.grant:
                await self._tokens.end(link.grant)
        finally:
            self._links.remove(link)
            link.left.set()
            link.gone.set()
            if self.idle:
                self.on_idle()

    async def _attempt(self, link: Link, earlier: Link | None) -> None:
        try:
            await self._join(link, earlier)
        except (SessionError, RoomError) as error:
            if not link.over.is_set():
                if link.grant and isinstance(error, RoomError):
                    self.missed = Missed(link.grant.url, asyncio.get_running_loop().time())
                self.on_failure(link.generation, error)
        except Exception as error:
            _log.exception("a connection failed in a way that was not foreseen")
            self.on_failure(link.generation, RoomError(f"unforeseen: {type(error).__name__}", code="room-lost", retry=Retry.SOON))
        else:
            if not link.over.is_set():
                link.has_joined()
                self.media_server = urlsplit(link.grant.url).hostname if link.grant else None
                self._chronicle.tell("connected", room=link.grant.room_name if link.grant else None)
                self.post(Event(On.JOINED, link.generation))
                self._repeat(link)

    async def _join(self, link: Link, earlier: Link | None) -> None:
        """Token and room. A token that the server finds expired is replaced once, unnoticed."""
        link.grant = await self._tokens.take(JOIN_LIMIT)
        if earlier is not None:
            await _within(LEAVE_LIMIT, earlier.left)
        try:
            await _enter(link, link.grant)
        except RoomError as error:
            if error.code != "token-rejected" or link.over.is_set():
                raise
            await self._tokens.end(link.grant)
            link.grant = await self._tokens.take(JOIN_LIMIT)
            await link.call.leave()
            link.call = self._new_call(partial(self._on_event, link), partial(self._on_audio, link))
            await _enter(link, link.grant)

    async def _send_recorded(self, link: Link, recorded: bytes) -> None:
        try:
            await link.call.send_recorded(recorded)
        except RoomError as error:
            if not link.over.is_set():
                self.on_mishap(link.generation, error)

    # What the room says.

    def _on_event(self, link: Link, event: room.RoomEvent) -> None:
        link.note(event)
        tell(self._chronicle, event)
        if not link.joined:
            self._on_early_end(link, event)
            return
        match event:
            case room.AgentArrived() if link.agent_hears:
                # Who only listens is announced seconds after it has subscribed: there is nothing left to wait for.
                pass
            case room.Resumed():
                self._post(link, On.RESUMED)
                self._repeat(link)
            case room.Faltering(falters):
                self.on_falter(link.generation, falters)
            case room.AgentState():
                if link.talk:
                    self._post(link, On.AGENT_TALK, link.talk)
            case _:
                if on := _MEANING.get(type(event)):
                    self._post(link, on)

    def _on_early_end(self, link: Link, event: room.RoomEvent) -> None:
        """A room may end between the library's join and the published track; the publishing would never return."""
        match event:
            case room.Lost(error):
                link.lose(error)
            case room.Ended() | room.Displaced():
                self._post(link, _MEANING[type(event)])
            case _:
                pass

    def _repeat(self, link: Link) -> None:
        """Events that came before the machine was in the room, in the order in which they mean something."""
        if link.agent_present:
            self._post(link, On.AGENT_ARRIVED)
        if link.agent_hears:
            self._post(link, On.AUDIBLE)
        if link.talk:
            self._post(link, On.AGENT_TALK, link.talk)

    def _on_audio(self, link: Link, block: Block) -> None:
        if not link.over.is_set():
            self._sound.hear(block)

    def _post(self, link: Link, on: On, talk: Talk | None = None) -> None:
        self.post(Event(on, link.generation, talk))


async def _enter(link: Link, grant: Grant) -> None:
    """Joins the grant's room; returns early, not in it, when the link is given up. Raises RoomError, also when the room ends meanwhile."""
    if link.over.is_set():
        return
    joining = link.joining = asyncio.create_task(link.call.join(grant.url, grant.token, timeout=JOIN_LIMIT))
    try:
        await asyncio.wait({joining})
    finally:
        if not joining.done():
            joining.cancel()
            await asyncio.wait({joining})
    if link.lost is not None:
        raise link.lost
    if not joining.cancelled():
        joining.result()


async def _within(limit: float, event: asyncio.Event) -> None:
    """Wait for the event, but no longer than the limit."""
    try:
        async with asyncio.timeout(limit):
            await event.wait()
    except TimeoutError:
        _log.warning("the last connection has not been left after %g s; joining beside it", limit)
