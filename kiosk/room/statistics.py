"""The connection's figures out of WebRTC's statistics."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from livekit import rtc

from kiosk.audio.frames import milliseconds
from kiosk.room.protocol import RoomStatistics

# The protobuf classes of the statistics are not exported; this one field's type leads to them.
Stats = Iterable["rtc.room.proto_stats.RtcStats"]

_RELAY: Final = 3
"""IceCandidateType of a TURN server's end; a name for it is not exported either."""
_RELAYED: Final = {0: "udp", 1: "tcp", 2: "tls"}
"""IceServerTransportProtocol."""


def summarize(stats: rtc.RtcStats) -> RoomStatistics:
    """RoomStatistics of an rtc.RtcStats (W3C webrtc-stats: seconds, samples, packets)."""
    everything = [*stats.publisher_stats, *stats.subscriber_stats]
    inbound = [
        each.inbound_rtp for each in everything if each.WhichOneof("stats") == "inbound_rtp" and each.inbound_rtp.stream.kind == "audio"
    ]
    outbound = [
        each.outbound_rtp for each in everything if each.WhichOneof("stats") == "outbound_rtp" and each.outbound_rtp.stream.kind == "audio"
    ]
    missed = [each.remote_inbound_rtp.received.packets_lost for each in everything if each.WhichOneof("stats") == "remote_inbound_rtp"]
    concealed = sum(each.inbound.concealed_samples - each.inbound.silent_concealed_samples for each in inbound)
    return RoomStatistics(
        rtt_ms=_round_trip(everything),
        jitter_ms=max((each.received.jitter * 1000.0 for each in inbound), default=None),
        lost=sum(each.received.packets_lost for each in inbound),
        concealed_ms=milliseconds(concealed),
        received=sum(each.received.packets_received for each in inbound),
        sent=sum(each.sent.packets_sent for each in outbound),
        lost_on_the_way=sum(missed) if missed else None,
        path=_path(stats.publisher_stats),
    )


def _round_trip(everything: Stats) -> float | None:
    return max((pair.candidate_pair.current_round_trip_time * 1000.0 for pair in _used(everything)), default=None)


def _path(everything: Stats) -> str | None:
    """The protocol of our own end of the pair of candidates in use."""
    ours = {
        each.local_candidate.rtc.id: each.local_candidate.candidate for each in everything if each.WhichOneof("stats") == "local_candidate"
    }
    for pair in _used(everything):
        end = ours.get(pair.candidate_pair.local_candidate_id)
        if end is not None:
            return f"turn/{_RELAYED.get(end.relay_protocol, '?')}" if end.candidate_type == _RELAY else end.protocol
    return None


def _used(everything: Stats) -> list[rtc.room.proto_stats.RtcStats.CandidatePair]:
    chosen = {each.transport.transport.selected_candidate_pair_id for each in everything if each.WhichOneof("stats") == "transport"}
    return [
        each.candidate_pair for each in everything if each.WhichOneof("stats") == "candidate_pair" and each.candidate_pair.rtc.id in chosen
    ]
