"""Text streams of transcripts, read to their end or closed, a bounded number at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from livekit import rtc

from kiosk.room.events import Transcript
from kiosk.room.transcripts import TEXT_LIMIT

TOPIC: Final = "lk.transcription"
SEGMENT: Final = "lk.segment_id"
TRACK: Final = "lk.transcribed_track_id"
FINAL: Final = "lk.transcription_final"
AT_ONCE: Final = 16
"""Streams read at once; an agent has one open for each speaker, so the oldest of so many is an abandoned one."""


class TranscriptStreams:
    """Each stream is one segment that grows: every chunk makes a Transcript of all so far, the end a final one where it says so."""

    def __init__(self, tell: Callable[[Transcript], None], of_visitor: Callable[[str, str], bool]) -> None:
        """of_visitor(identity, track SID) tells whether the visitor was transcribed."""
        self._tell = tell
        self._of_visitor = of_visitor
        self._reading: dict[rtc.TextStreamReader, asyncio.Task[None]] = {}
        self.malformed = 0

    def opened(self, reader: rtc.TextStreamReader, identity: str) -> None:
        """A new stream: the handler that rtc.Room wants."""
        if len(self._reading) >= AT_ONCE:
            self._close(next(iter(self._reading)))
            self.malformed += 1
        self._reading[reader] = asyncio.create_task(self._read(reader, identity))

    async def close(self) -> None:
        """Closes all readers and waits for their tasks."""
        tasks = list(self._reading.values())
        for reader in list(self._reading):
            self._close(reader)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _close(self, reader: rtc.TextStreamReader) -> None:
        task = self._reading.pop(reader, None)
        reader.close()
        if task is not None:
            task.cancel()

    async def _read(self, reader: rtc.TextStreamReader, identity: str) -> None:
        text, size = "", 0
        try:
            async for chunk in reader:
                size += len(chunk.encode(errors="replace"))
                if size > TEXT_LIMIT:
                    self.malformed += 1
                    return
                text += chunk
                self._emit(reader, identity, text, final=False)
            if _attribute(reader, FINAL) != "false":
                self._emit(reader, identity, text, final=True)
        except rtc.StreamError:
            self.malformed += 1
        finally:
            self._reading.pop(reader, None)
            reader.close()

    def _emit(self, reader: rtc.TextStreamReader, identity: str, text: str, *, final: bool) -> None:
        of_visitor = self._of_visitor(identity, _attribute(reader, TRACK))
        segment = _attribute(reader, SEGMENT) or reader.info.stream_id
        self._tell(Transcript(identity=identity, text=text, final=final, segment=segment[:128], of_visitor=of_visitor))


def _attribute(reader: rtc.TextStreamReader, name: str) -> str:
    return (reader.info.attributes or {}).get(name, "")
