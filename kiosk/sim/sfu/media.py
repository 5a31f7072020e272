"""The one peer connection of a visitor, on the loopback interface only: what he sends, and what he hears."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

import aioice.ice
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCRtpSender,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamTrack
from aiortc.rtp import RtpPacket
from aiortc.sdp import candidate_from_sdp

RELIABLE: Final = "_reliable"
LOSSY: Final = "_lossy"
CONFIGURATION: Final = RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)

Told = Callable[[], Awaitable[None]]


def _loopback_only(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    return ["127.0.0.1"]


# aioice offers every address but loopback and has no setting for it; the loopback world must not listen on the network.
aioice.ice.get_host_addresses = _loopback_only


class Media:
    """LiveKit's single peer connection, seen from the server, which only ever answers.

    On the event loop: `on_packet` gets each RTP packet of the visitor's, `on_data` each data packet, `on_connected` is called
    when he can hear and read, `on_audible` when his microphone can be heard (again after each renegotiation).
    """

    def __init__(
        self, on_packet: Callable[[RtpPacket], None], on_data: Callable[[bytes], None], on_connected: Told, on_audible: Told
    ) -> None:
        self.pc = RTCPeerConnection(CONFIGURATION)
        self._on_packet = on_packet
        self._on_data = on_data
        self._on_connected = on_connected
        self._on_audible = on_audible
        self._voice: RTCRtpSender | None = None
        self._audio = False
        self._channels: dict[str, RTCDataChannel] = {}
        self.pc.on("datachannel", self._opened)
        self.pc.on("connectionstatechange", self._changed)

    def speak(self, voice: MediaStreamTrack, stream: str) -> None:
        """Puts `voice` into the next answer; `stream` is `<participant sid>|<track sid>`, by which the SDK finds the publication."""
        self._voice = self.pc.addTrack(voice)
        cast(Any, self._voice)._stream_id = stream

    async def answer(self, sdp: str, *, reachable: bool) -> tuple[str, str]:
        """The answer to an offer and the section (mid) that carries the voice, empty without one.

        `reachable=False` leaves out every candidate, so that ICE never connects.
        """
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        for transceiver in self.pc.getTransceivers():
            self._listen(transceiver)
        if not self._channels:
            self._channels[RELIABLE] = self.pc.createDataChannel(RELIABLE)
            self._channels[LOSSY] = self.pc.createDataChannel(LOSSY, ordered=False, maxRetransmits=0)
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        if self._audio and self.pc.connectionState == "connected":
            await self._on_audible()
        lines = [line for line in self.pc.localDescription.sdp.splitlines() if reachable or not line.startswith("a=candidate")]
        mids = [transceiver.mid or "" for transceiver in self.pc.getTransceivers() if transceiver.sender is self._voice]
        return "\r\n".join(lines) + "\r\n", mids[0] if mids else ""

    async def trickle(self, init: str) -> None:
        """Adds one candidate of the visitor's, as the signalling carries it (JSON of an RTCIceCandidateInit)."""
        fields = cast(dict[str, Any], json.loads(init))
        text = str(fields.get("candidate", ""))
        if " udp " not in text.lower():
            return
        candidate = candidate_from_sdp(text.partition(":")[2])
        candidate.sdpMid = fields.get("sdpMid")
        candidate.sdpMLineIndex = fields.get("sdpMLineIndex")
        await self.pc.addIceCandidate(candidate)

    def send(self, packet: bytes, *, reliable: bool) -> None:
        """Sends one data packet; nothing happens while the channel is not open."""
        channel = self._channels.get(RELIABLE if reliable else LOSSY)
        if channel is not None and channel.readyState == "open":
            channel.send(packet)

    def unplug(self) -> None:
        """Closes the UDP sockets without a word to the other side, as a network that is gone."""
        for transport in {transceiver.receiver.transport for transceiver in self.pc.getTransceivers()}:
            for protocol in cast(Any, transport.transport)._connection._protocols:
                protocol.transport.abort()

    def _listen(self, transceiver: RTCRtpTransceiver) -> None:
        """Takes the packets before aiortc's jitter buffer: that holds 80 ms back and does not fill what DTX leaves out."""
        if transceiver.kind != "audio" or cast(MediaStreamTrack | None, transceiver.receiver.track) is None:
            return
        self._audio = True

        async def handle(packet: RtpPacket, arrival_time_ms: int) -> None:
            self._on_packet(packet)

        cast(Any, transceiver.receiver)._handle_rtp_packet = handle

    def _opened(self, channel: RTCDataChannel) -> None:
        if channel.label in (RELIABLE, LOSSY):
            channel.on("message", self._on_data)

    async def _changed(self) -> None:
        if self.pc.connectionState == "connected":
            await self._on_connected()
            if self._audio:
                await self._on_audible()
