"""LiveKit's data streams, text and bytes, as the packets that carry them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from livekit.protocol.models import DataPacket, DataStream

LONGEST: Final = 4 << 20
"""Bytes of one stream that are kept; 10 s of recorded audio are under 1 MB."""


class TextStream:
    """A text stream to send piece by piece: `open`, any number of `piece`, `close`; each gives the packet to send."""

    def __init__(self, topic: str, sender: str, attributes: Mapping[str, str]) -> None:
        self._id = uuid.uuid4().hex
        self._topic = topic
        self._sender = sender
        self._attributes = dict(attributes)
        self._pieces = 0

    def open(self) -> DataPacket:
        """The header; the SDK shows `sender` as the participant whom the stream is from."""
        header = DataStream.Header(
            stream_id=self._id,
            timestamp=int(time.time() * 1000),
            topic=self._topic,
            mime_type="text/plain",
            attributes=self._attributes,
            text_header=DataStream.TextHeader(operation_type=DataStream.CREATE),
        )
        return DataPacket(participant_identity=self._sender, stream_header=header)

    def piece(self, text: str) -> DataPacket:
        """A piece of the text."""
        chunk = DataStream.Chunk(stream_id=self._id, chunk_index=self._pieces, content=text.encode())
        self._pieces += 1
        return DataPacket(participant_identity=self._sender, stream_chunk=chunk)

    def close(self, attributes: Mapping[str, str] | None = None) -> DataPacket:
        """The end; `attributes` replace those of the header."""
        trailer = DataStream.Trailer(stream_id=self._id, attributes=dict(attributes or {}))
        return DataPacket(participant_identity=self._sender, stream_trailer=trailer)


@dataclass(slots=True)
class Received:
    """A stream from the visitor, whole once `done`."""

    topic: str
    attributes: dict[str, str]
    content: bytearray = field(default_factory=bytearray)
    done: bool = False


class Inbox:
    """Puts streams together again."""

    def __init__(self) -> None:
        self._open: dict[str, Received] = {}

    def take(self, packet: DataPacket) -> Received | None:
        """Takes any data packet; returns the stream that it completes, if it does."""
        match packet.WhichOneof("value"):
            case "stream_header":
                header = packet.stream_header
                self._open[header.stream_id] = Received(header.topic, dict(header.attributes))
            case "stream_chunk" if (received := self._open.get(packet.stream_chunk.stream_id)) is not None:
                if len(received.content) + len(packet.stream_chunk.content) <= LONGEST:
                    received.content += packet.stream_chunk.content
            case "stream_trailer":
                received = self._open.pop(packet.stream_trailer.stream_id, None)
                if received is not None:
                    received.done = True
                return received
            case _:
                pass
        return None
