"""What comes out of the room: the library's callbacks become our events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final, cast

from livekit import rtc

from kiosk.audio.frames import Block
from kiosk.errors import RoomError
from kiosk.room.agent import Agent
from kiosk.room.credential import lifetime
from kiosk.room.downlink import Downlink
from kiosk.room.events import (
    Faltering,
    HeardByAgent,
    Lost,
    Message,
    Resumed,
    Resuming,
    RoomEvent,
    TokenRefreshed,
    TrackSubscribed,
    TrackUnsubscribed,
    Transcript,
)
from kiosk.room.publication import Publication
from kiosk.room.reasons import disconnected
from kiosk.room.streams import TOPIC, TranscriptStreams
from kiosk.room.transcripts import Shape, Transcripts, from_json, parse

LATER_AGENT: Final = 1.0
"""Seconds from an agent's arrival to its subscription where the server does not tell: it tells of a track's first subscriber alone."""


class Traffic:
    """Wires one rtc.Room; tells nothing any more once `close` has begun."""

    def __init__(self, room: rtc.Room, on_event: Callable[[RoomEvent], None], on_audio: Callable[[Block], None]) -> None:
        self._room = room
        self._on_event = on_event
        self._closed = False
        self._ending = False
        self._subscribed = False
        self._awaited = False
        self._heard: asyncio.TimerHandle | None = None
        self._agent = Agent(self._tell)
        self._downlink = Downlink(on_audio)
        self._transcripts = Transcripts()
        self._streams = TranscriptStreams(lambda said: self._say(Shape.STREAM, said), self._of_visitor)
        self._malformed = 0
        self.over = False
        self.microphone: Publication | None = None
        """Our own track, set once there is one; the visitor's words are known by its SID."""
        self.on_reconnecting: Callable[[], None] = lambda: None
        self.on_reconnected: Callable[[], None] = lambda: None
        self._register()

    @property
    def agent(self) -> str | None:
        """The agent's identity, None while it is not there."""
        return self._agent.identity

    @property
    def ignored(self) -> int:
        """Messages and transcripts that were malformed or too long."""
        return self._malformed + self._transcripts.malformed + self._streams.malformed

    def begin(self) -> None:
        """Joined: who is here already."""
        self._look()

    def falters(self, falters: bool) -> None:
        """The connection may carry nothing now; or it was an accident."""
        self._tell(Faltering(falters))

    def broken(self, *, unheard: float) -> None:
        """The connection carries nothing now, nor has it for the last `unheard` seconds."""
        self._tell(Resuming(unheard))

    def resumed(self, *, anew: bool) -> None:
        """The connection is whole again and our track checked. anew: it had to be published again."""
        if anew:
            self._subscribed = False
        self._tell(Resumed())
        if self._subscribed:
            self._tell(HeardByAgent())

    def lost(self, error: RoomError) -> None:
        """The connection is whole again but of no use."""
        self._tell(Lost(error))

    def ending(self) -> None:
        """The server puts us out: who seems to leave from now on is only being forgotten; unless the library reconnects all the same."""
        self._ending = True

    async def close(self) -> None:
        """Nothing is told or played after this begins; all tasks have ended when it returns (1 s at most)."""
        self._closed = True
        if self._heard is not None:
            self._heard.cancel()
        await asyncio.gather(self._downlink.close(), self._streams.close())

    def _register(self) -> None:
        on = cast(Callable[[str, Callable[..., None]], object], cast(Any, self._room).on)
        on("participant_connected", self._participants)
        on("participant_disconnected", self._participants)
        on("participant_attributes_changed", self._attributes)
        on("local_track_subscribed", self._subscribed_to)
        on("local_track_republished", self._republished)
        on("track_subscribed", self._track_subscribed)
        on("track_unsubscribed", self._track_unsubscribed)
        on("transcription_received", self._legacy)
        on("data_received", self._data)
        on("token_refreshed", self._token)
        on("reconnecting", self._reconnecting)
        on("reconnected", self._reconnected)
        on("disconnected", self._disconnected)
        self._room.register_text_stream_handler(TOPIC, self._stream)

    def _tell(self, event: RoomEvent) -> None:
        if not self._closed:
            self._on_event(event)

    # who is there and who hears whom

    def _look(self) -> None:
        if self._closed or self._ending or not self._agent.look(self._room.remote_participants.values()):
            return
        for sid in self._downlink.sids:
            self._downlink.stop(sid)
        agent = self._room.remote_participants.get(self._agent.identity or "")
        if agent is None:
            return
        for publication in agent.track_publications.values():
            if publication.track is not None:
                self._track_subscribed(publication.track, publication, agent)
        if self._subscribed and not self._awaited:
            self._heard = asyncio.get_running_loop().call_later(LATER_AGENT, self._heard_now)
        self._awaited = False

    def _participants(self, _participant: rtc.RemoteParticipant) -> None:
        self._look()

    def _subscribed_to(self, _track: rtc.Track) -> None:
        self._heard_now()

    def _heard_now(self) -> None:
        # The server announces a participant that publishes nothing up to 3 s after it has subscribed: it is the one to come.
        self._awaited = self._agent.identity is None
        self._subscribed = True
        if self._heard is not None:
            self._heard.cancel()
        self._tell(HeardByAgent())

    def _republished(self, publication: rtc.LocalTrackPublication, _previous: str) -> None:
        if self.microphone is not None:
            self.microphone.republished(publication.sid)
        self._subscribed = False
        if self._heard is not None:
            self._heard.cancel()

    def _attributes(self, _changed: dict[str, str], participant: rtc.Participant) -> None:
        if not self._closed:
            self._agent.follow(participant.identity, participant.attributes)

    def _track_subscribed(self, track: rtc.Track, publication: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant) -> None:
        if self._closed or track.kind != rtc.TrackKind.KIND_AUDIO or participant.identity != self._agent.identity:
            return
        self._downlink.play(publication.sid, track)
        self._tell(TrackSubscribed(participant.identity, publication.sid))

    def _track_unsubscribed(self, _track: rtc.Track, publication: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant) -> None:
        if publication.sid in self._downlink.sids:
            self._downlink.stop(publication.sid)
            self._tell(TrackUnsubscribed(participant.identity, publication.sid))

    # words

    def _of_visitor(self, identity: str, sid: str) -> bool:
        mine = self.microphone.sid if self.microphone is not None else ""
        return identity == self._room.local_participant.identity or (sid != "" and sid == mine)

    def _say(self, shape: Shape, said: Transcript) -> None:
        new = self._transcripts.take(shape, said)
        if new is not None:
            self._tell(new)

    def _stream(self, reader: rtc.TextStreamReader, identity: str) -> None:
        if self._closed:
            reader.close()
        else:
            self._streams.opened(reader, identity)

    def _legacy(
        self,
        segments: list[rtc.TranscriptionSegment],
        participant: rtc.Participant | None,
        publication: rtc.TrackPublication | None,
    ) -> None:
        identity = participant.identity if participant is not None else ""
        of_visitor = self._of_visitor(identity, publication.sid if publication is not None else "")
        for each in segments:
            self._say(Shape.LEGACY, Transcript(identity, each.text, each.final, each.id[:128], of_visitor))

    def _data(self, packet: rtc.DataPacket) -> None:
        topic = packet.topic or ""
        identity = packet.participant.identity if packet.participant is not None else ""
        try:
            payload = parse(packet.data)
        except ValueError:
            self._malformed += 1
            return
        said = from_json(payload, topic, identity)
        if said is None:
            self._tell(Message(topic, payload))
        else:
            self._say(Shape.JSON, said)

    # the connection

    def _reconnecting(self) -> None:
        if not self._closed:
            self.on_reconnecting()

    def _reconnected(self) -> None:
        if not self._closed:
            self._ending = False
            self._look()
            self.on_reconnected()

    def _token(self) -> None:
        token = vars(self._room).get("_token")
        self._tell(TokenRefreshed(lifetime(token, time.time()) if isinstance(token, str) else None))

    def _disconnected(self, reason: int) -> None:
        self.over = True
        event = disconnected(reason)
        if event is not None:
            self._tell(event)
