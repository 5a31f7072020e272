"""What is said, from the three shapes in which agents tell it, each thing told once."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from enum import IntEnum
from typing import Final, cast

from kiosk.room.events import Transcript

TEXT_LIMIT: Final = 8 * 1024
"""Bytes of UTF-8 in one segment."""
JSON_LIMIT: Final = 64 * 1024
"""Bytes of one JSON message."""
REMEMBERED: Final = 32
"""Transcripts that a copy in another shape is compared with."""
VISITOR: Final = frozenset({"user", "visitor", "human", "customer", "caller"})
"""Words by which JSON messages name the one who is not the agent."""


class Shape(IntEnum):
    """Where a transcript came from; an agent that uses several is followed in the highest."""

    JSON = 1
    LEGACY = 2
    STREAM = 3


class Transcripts:
    """Drops what the agent says twice in two shapes.

    LiveKit Agents send each segment as a text stream and in the older message, under two different ids, so ids do not
    tell: once a speaker's words came in a higher shape the lower ones are dropped, and before that equal texts are.
    """

    def __init__(self) -> None:
        self._best: dict[bool, Shape] = {}
        self._recent: deque[tuple[bool, str, bool, Shape]] = deque(maxlen=REMEMBERED)
        self.duplicates = 0
        self.malformed = 0

    def take(self, shape: Shape, transcript: Transcript) -> Transcript | None:
        """The transcript where it is new, else None."""
        said = transcript.text.strip()
        if not said or too_long(transcript.text):
            self.malformed += bool(said)
            return None
        speaker = transcript.of_visitor
        best = self._best[speaker] = max(shape, self._best.get(speaker, shape))
        if shape < best or self._said(speaker, said, transcript.final, shape):
            self.duplicates += 1
            return None
        self._recent.append((speaker, said, transcript.final, shape))
        return transcript

    def _said(self, speaker: bool, said: str, final: bool, shape: Shape) -> bool:
        return any(each[:3] == (speaker, said, final) and each[3] != shape for each in self._recent)


def too_long(text: str) -> bool:
    """Whether a segment is longer than we keep."""
    return len(text) > TEXT_LIMIT or len(text.encode(errors="replace")) > TEXT_LIMIT


def parse(data: bytes) -> object:
    """The JSON in a data packet; ValueError when it is none, or longer than 64 KiB, or nested too deep."""
    if len(data) > JSON_LIMIT:
        raise ValueError("too long")
    try:
        return json.loads(data)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def from_json(payload: object, topic: str, identity: str) -> Transcript | None:
    """The transcript in a JSON message, None where it is another kind of message.

    The API publishes no schema, so: an object whose `type`, `event` or topic says "transcript", itself or its `data`
    holding `text`, `transcript` or `content`; `role` or `speaker` tells who, `final` or `is_final` (else true) whether it is done.
    """
    if not isinstance(payload, dict):
        return None
    outer = cast(Mapping[str, object], payload)
    if not any("transcript" in str(name).lower() for name in (outer.get("type"), outer.get("event"), topic)):
        return None
    data = outer.get("data")
    fields = {**outer, **cast(Mapping[str, object], data)} if isinstance(data, dict) else outer
    text = _first(fields, "text", "transcript", "content", "message")
    if not isinstance(text, str):
        return None
    final = _first(fields, "final", "is_final", "isFinal")
    who = str(_first(fields, "role", "speaker", "participant") or "").lower()
    segment = _first(fields, "segment_id", "segment", "id")
    return Transcript(
        identity=identity,
        text=text,
        final=final if isinstance(final, bool) else True,
        segment=str(segment)[:128] if isinstance(segment, str | int) else "",
        of_visitor=who in VISITOR,
    )


def _first(fields: Mapping[str, object], *names: str) -> object:
    return next((fields[name] for name in names if name in fields), None)
