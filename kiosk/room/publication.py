"""Our microphone as a track of the room: published once, checked after every reconnect."""

from __future__ import annotations

import asyncio
from typing import Final

from livekit import rtc
from livekit.rtc.participant import PublishTrackError

from kiosk.errors import Retry, RoomError
from kiosk.room.bounded import REAPER
from kiosk.room.source import MicrophoneSource

BITRATE: Final = 24_000
"""Bits per second of Opus: speech; LiveKit's own default would be 48,000."""
PUBLISH_LIMIT: Final = 5.0
"""Seconds the library may take to publish; measured 30 ms on loopback."""
SEND_LIMIT: Final = 5.0
"""Seconds the recorded words may take to leave."""
CHECK_LIMIT: Final = 2.0
"""Seconds in which a track that survived a reconnect shows in the connection's figures; measured 0.2 s on loopback."""
CHECK_PAUSE: Final = 0.1
PRECONNECT_TOPIC: Final = "lk.agent.pre-connect-audio-buffer"
"""Byte stream topic that LiveKit Agents read (facts of livekit-agents 1.x)."""


class Publication:
    """The one microphone track of one room."""

    def __init__(self, room: rtc.Room, source: MicrophoneSource, *, preconnect: bool) -> None:
        self._room = room
        self._source = source
        self._preconnect = preconnect
        self._track: rtc.LocalAudioTrack | None = None
        self._sid = ""
        self._whole = True

    @property
    def sid(self) -> str:
        """SID of the publication, "" before there is one."""
        return self._sid

    async def publish(self, limit: float) -> None:
        """Publishes the track, unmuted; RoomError when that fails or takes longer than `limit` seconds."""
        self._track = rtc.LocalAudioTrack.create_audio_track("microphone", self._source.native)
        await self._publish(self._track, limit)

    def mute(self, muted: bool) -> None:
        """One message to the server (0.6 ms); nothing before `publish`."""
        if self._track is None or self._track.muted == muted:
            return
        if muted:
            self._track.mute()
        else:
            self._track.unmute()

    def broken(self) -> None:
        """The connection is being mended: what was published may be gone."""
        self._whole = False

    def republished(self, sid: str) -> None:
        """The library published the track again by itself, under a new SID."""
        self._sid = sid
        self._whole = True

    async def check(self) -> bool:
        """After a reconnect: publishes again where the library could not, and tells whether it had to; RoomError when that fails too."""
        if self._track is None or self._whole or await self._is_sent():
            return False
        muted = self._track.muted
        await self.publish(PUBLISH_LIMIT)
        self.mute(muted)
        return True

    async def send_recorded(self, pcm: bytes, identity: str, rate: int) -> None:
        """The bytes (s16le, mono) as LiveKit's pre-connect buffer to `identity`; RoomError when they do not leave in time."""
        attributes = {"trackId": self._sid, "sampleRate": str(rate), "channels": "1"}
        try:
            await REAPER.bounded(self._stream(pcm, identity, attributes), SEND_LIMIT)
        except (TimeoutError, rtc.StreamError) as error:
            raise RoomError("the recorded words could not be sent", code="recorded-not-sent", retry=Retry.SOON) from error

    async def _stream(self, pcm: bytes, identity: str, attributes: dict[str, str]) -> None:
        writer = await self._room.local_participant.stream_bytes(
            "pre-connect-buffer",
            total_size=len(pcm),
            attributes=attributes,
            destination_identities=[identity],
            topic=PRECONNECT_TOPIC,
        )
        await writer.write(pcm)
        await writer.aclose()

    async def _publish(self, track: rtc.LocalAudioTrack, limit: float) -> None:
        options = rtc.TrackPublishOptions(
            source=rtc.TrackSource.SOURCE_MICROPHONE,
            dtx=True,
            red=True,
            preconnect_buffer=self._preconnect,
        )
        options.audio_encoding.max_bitrate = BITRATE
        try:
            publication = await REAPER.bounded(self._room.local_participant.publish_track(track, options), min(limit, PUBLISH_LIMIT))
        except TimeoutError as error:
            raise RoomError("the microphone was not published in time", code="publish-timeout", retry=Retry.SOON) from error
        except PublishTrackError as error:
            raise RoomError("the media server did not take the microphone", code="publish-failed", retry=Retry.SOON) from error
        self._sid = publication.sid
        self._whole = True

    async def _is_sent(self) -> bool:
        # The library's list keeps a publication whose republishing failed; a sender in the connection's figures does not
        # lie, but appears only once the connection was negotiated.
        loop = asyncio.get_running_loop()
        end = loop.time() + CHECK_LIMIT
        while loop.time() < end:
            try:
                stats = await REAPER.bounded(self._room.get_rtc_stats(), end - loop.time())
            except (TimeoutError, RuntimeError):
                return False
            if any(each.outbound_rtp.stream.kind == "audio" for each in stats.publisher_stats if each.HasField("outbound_rtp")):
                return True
            await asyncio.sleep(CHECK_PAUSE)
        return False
