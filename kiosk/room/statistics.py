"""The connection's figures out of WebRTC's statistics."""

from __future__ import annotations

from collections.abc import Iterable

from livekit import rtc

from kiosk.audio.frames import milliseconds
from kiosk.room.protocol import RoomStatistics

# The protobuf classes of the statistics are not exported; this one field's type leads to them.
Stats = Iterable["rtc.room.proto_stats.RtcStats"]


def summarize(stats: rtc.RtcStats) -> RoomStatistics:
    """RoomStatistics of an rtc.RtcStats (W3C webrtc-stats: seconds, samples, packets)."""
    everything = [*stats.publisher_stats, *stats.subscriber_stats]
    inbound = [
        each.inbound_rtp for each in everything if each.WhichOneof("stats") == "inbound_rtp" and each.inbound_rtp.stream.kind == "audio"
    ]
    concealed = sum(each.inbound.concealed_samples - each.inbound.silent_concealed_samples for each in inbound)
    return RoomStatistics(
        rtt_ms=_round_trip(everything),
        jitter_ms=max((each.received.jitter * 1000.0 for each in inbound), default=None),
        lost=sum(each.received.packets_lost for each in inbound),
        concealed_ms=milliseconds(concealed),
    )


def _round_trip(everything: Stats) -> float | None:
    chosen = {each.transport.transport.selected_candidate_pair_id for each in everything if each.WhichOneof("stats") == "transport"}
    pairs = [
        each.candidate_pair for each in everything if each.WhichOneof("stats") == "candidate_pair" and each.candidate_pair.rtc.id in chosen
    ]
    return max((pair.candidate_pair.current_round_trip_time * 1000.0 for pair in pairs), default=None)
