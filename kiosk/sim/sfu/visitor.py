"""One visitor's signalling connection: LiveKit's protobuf messages over a WebSocket (path /rtc/v1: a single peer connection)."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from typing import Final

from aiohttp import WSMsgType, web
from livekit.protocol.models import (
    AudioTrackFeature,
    DataPacket,
    DisconnectReason,
    ParticipantInfo,
    ParticipantPermission,
    Room,
    TrackInfo,
)
from livekit.protocol.rtc import (
    AddTrackRequest,
    JoinResponse,
    LeaveRequest,
    MediaSectionsRequirement,
    ParticipantUpdate,
    Ping,
    Pong,
    SessionDescription,
    SignalRequest,
    SignalResponse,
    TrackPublishedResponse,
    TrackSubscribed,
)

from kiosk.sim.sfu.access import Access
from kiosk.sim.sfu.faults import Faults
from kiosk.sim.sfu.media import Media
from kiosk.sim.sfu.resident import Resident

PING_INTERVAL: Final = 5
"""Seconds between the client's pings, livekit-server's default."""
PING_TIMEOUT: Final = 15
"""Seconds without any message after which either side gives the other up, livekit-server's default."""


def sid(prefix: str) -> str:
    """A fresh identifier of LiveKit's shape (`PA_…`, `TR_…`, `RM_…`)."""
    return f"{prefix}_{uuid.uuid4().hex[:12]}"


class Visitor:
    """A participant from outside, from the upgrade until he leaves, vanishes or is shown out."""

    def __init__(self, access: Access, socket: web.WebSocketResponse, resident: Resident, faults: Faults) -> None:
        self.identity = access.identity
        self.room = access.room
        self.sid = sid("PA")
        self.track_sid = ""
        self.muted = False
        self.ready = asyncio.Event()
        self.resident = resident
        self._socket = socket
        self._faults = faults
        self._tracks: list[TrackInfo] = []
        self._media = Media(resident.packet, resident.data, self._connected, self._heard)
        self._announced = ""

    async def serve(self, offer: str) -> None:
        """Speaks with the visitor until either side ends it; afterwards no peer connection and no task of his is left.

        `offer` is the one that came with the request to join (empty: it comes as a message).
        """
        late = self._faults.agent_delay > 0
        try:
            if not late:
                self._bring_in()
            await self._send(SignalResponse(join=self._join([] if late else [self.resident.info()])))
            # His candidates follow at once and mean nothing before the offer is taken.
            if offer:
                await self._answer(offer)
            async with asyncio.TaskGroup() as tasks:
                agent = tasks.create_task(self._late_agent() if late else self.resident.live(self))
                await self._converse()
                agent.cancel()
        finally:
            await self._media.pc.close()

    def send(self, packet: DataPacket) -> None:
        """One data packet to the visitor, reliable unless it says otherwise."""
        self._media.send(packet.SerializeToString(), reliable=packet.kind == DataPacket.RELIABLE)

    async def announce(self) -> None:
        """Tells the visitor the agent's present state (attributes, tracks)."""
        await self._send(SignalResponse(update=ParticipantUpdate(participants=[self.resident.info()])))

    async def refresh(self, token: str) -> None:
        """Pushes a fresh token, as a server does after the join and every 5 minutes."""
        await self._send(SignalResponse(refresh_token=token))

    async def dismiss(self, reason: DisconnectReason, action: LeaveRequest.Action = LeaveRequest.DISCONNECT) -> None:
        """Shows the visitor out with `reason`."""
        await self._send(SignalResponse(leave=LeaveRequest(reason=reason, action=action)))
        with contextlib.suppress(ConnectionError):
            await self._socket.close()

    def unplug(self) -> None:
        """His media sockets are gone, without a word."""
        self._media.unplug()

    def _bring_in(self) -> None:
        info = self.resident.info()
        self._media.speak(self.resident.voice, f"{info.sid}|{info.tracks[0].sid}")

    async def _late_agent(self) -> None:
        await asyncio.sleep(self._faults.agent_delay)
        self._bring_in()
        await self.announce()
        # Only the client offers; this makes it offer again, so that the voice gets its place in the answer.
        await self._send(SignalResponse(media_sections_requirement=MediaSectionsRequirement(num_audios=1)))
        await self.resident.live(self)

    async def _converse(self) -> None:
        while True:
            try:
                message = await self._socket.receive(PING_TIMEOUT)
            except TimeoutError:
                return
            if message.type is not WSMsgType.BINARY:
                return
            request = SignalRequest.FromString(message.data)
            if request.HasField("leave"):
                return
            await self._handle(request)

    async def _handle(self, request: SignalRequest) -> None:
        match request.WhichOneof("message"):
            case "offer":
                await self._answer(request.offer.sdp)
            case "trickle" if not self._faults.no_ice:
                await self._media.trickle(request.trickle.candidateInit)
            case "add_track":
                await self._publish(request.add_track)
            case "mute":
                self.muted = request.mute.muted
            case "ping_req":
                await self._pong(request.ping_req)
            case _:
                pass

    async def _publish(self, request: AddTrackRequest) -> None:
        track = TrackInfo(
            sid=sid("TR"),
            type=request.type,
            name=request.name,
            source=request.source,
            muted=request.muted,
            mime_type="audio/opus",
            stream=request.stream,
            disable_dtx=request.disable_dtx,
            disable_red=request.disable_red,
            audio_features=request.audio_features,
        )
        self.track_sid = track.sid
        self.muted = request.muted
        self._tracks.append(track)
        self.resident.published(track.sid, AudioTrackFeature.TF_PRECONNECT_BUFFER in request.audio_features)
        await self._send(SignalResponse(track_published=TrackPublishedResponse(cid=request.cid, track=track)))

    async def _heard(self) -> None:
        if self.track_sid and self._announced != self.track_sid:
            self._announced = self.track_sid
            await self._send(SignalResponse(track_subscribed=TrackSubscribed(track_sid=self.track_sid)))

    async def _connected(self) -> None:
        await self._send(SignalResponse(update=ParticipantUpdate(participants=[self._info(ParticipantInfo.ACTIVE)])))
        self.ready.set()

    async def _answer(self, offer: str) -> None:
        sdp, mid = await self._media.answer(offer, reachable=not self._faults.no_ice)
        sections = {mid: self.resident.info().tracks[0].sid} if mid else {}
        await self._send(SignalResponse(answer=SessionDescription(type="answer", sdp=sdp, mid_to_track_id=sections)))

    async def _pong(self, ping: Ping) -> None:
        now = int(time.time() * 1000)
        await self._send(SignalResponse(pong_resp=Pong(last_ping_timestamp=ping.timestamp, timestamp=now)))

    async def _send(self, response: SignalResponse) -> None:
        if not self._socket.closed:
            with contextlib.suppress(ConnectionError):
                await self._socket.send_bytes(response.SerializeToString())

    def _join(self, others: list[ParticipantInfo]) -> JoinResponse:
        return JoinResponse(
            room=Room(sid=sid("RM"), name=self.room, creation_time=int(time.time())),
            participant=self._info(ParticipantInfo.JOINED),
            other_participants=others,
            server_version="loopback",
            ping_interval=PING_INTERVAL,
            ping_timeout=PING_TIMEOUT,
        )

    def _info(self, state: ParticipantInfo.State) -> ParticipantInfo:
        permission = ParticipantPermission(can_subscribe=True, can_publish=True, can_publish_data=True)
        return ParticipantInfo(
            sid=self.sid, identity=self.identity, state=state, joined_at=int(time.time()), permission=permission, tracks=self._tracks
        )
