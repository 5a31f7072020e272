"""A visitor on the real SDK, in the test's own process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, cast

import numpy as np
from livekit import rtc

from kiosk.audio.frames import BLOCK, BLOCK_S, RATE, Block


class Guest:
    """`events` holds (name, arguments) as they come; `heard` the agent's voice; `texts` the transcripts."""

    def __init__(self) -> None:
        self.room = rtc.Room()
        self.events: list[tuple[str, tuple[Any, ...]]] = []
        self.heard: list[Block] = []
        self.texts: list[tuple[str, str, dict[str, str]]] = []
        """(who, text, attributes) of each finished transcript."""
        self.publication: rtc.LocalTrackPublication | None = None
        self._source = rtc.AudioSource(RATE, 1, queue_size_ms=0)
        self._tasks: set[asyncio.Task[None]] = set()
        for name in ("disconnected", "reconnecting", "reconnected", "local_track_subscribed", "participant_connected"):
            self._note(name)
        for name in ("participant_attributes_changed", "data_received", "token_refreshed"):
            self._note(name)
        cast(Any, self.room).on("track_subscribed", self._subscribed)
        self.room.register_text_stream_handler("lk.transcription", self._text)

    async def join(self, url: str, token: str) -> None:
        """Joins; never to be cancelled (the library then kills the process)."""
        await self.room.connect(url, token)

    async def publish(self, *, preconnect: bool = False) -> None:
        """Publishes the microphone and waits until the agent hears it."""
        track = rtc.LocalAudioTrack.create_audio_track("microphone", self._source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, preconnect_buffer=preconnect)
        self.publication = await self.room.local_participant.publish_track(track, options)
        await self.event("local_track_subscribed")

    async def speak(self, samples: Block) -> None:
        """Sends `samples` in real time."""
        loop = asyncio.get_running_loop()
        begin = loop.time()
        for number, start in enumerate(range(0, len(samples) - BLOCK + 1, BLOCK), 1):
            frame = rtc.AudioFrame(samples[start : start + BLOCK].tobytes(), RATE, 1, BLOCK)
            await self._source.capture_frame(frame)
            await asyncio.sleep(begin + number * BLOCK_S - loop.time())

    async def event(self, name: str, timeout: float = 10.0) -> tuple[Any, ...]:
        """The arguments of the latest event `name`, waited for."""
        await eventually(lambda: name in self.names, timeout)
        return [arguments for known, arguments in self.events if known == name][-1]

    @property
    def names(self) -> list[str]:
        """Names of the events so far."""
        return [name for name, _ in self.events]

    @property
    def sound(self) -> Block:
        """The agent's voice so far."""
        return np.concatenate([np.zeros(0, np.int16), *self.heard])

    async def leave(self) -> None:
        """Leaves and lets nothing run on."""
        await self.room.disconnect()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _note(self, name: str) -> None:
        def note(*arguments: object) -> None:
            self.events.append((name, arguments))

        cast(Any, self.room).on(name, note)

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _subscribed(self, track: rtc.Track, *_: object) -> None:
        self._start(self._listen(track))

    async def _listen(self, track: rtc.Track) -> None:
        stream = rtc.AudioStream(track, sample_rate=RATE, num_channels=1, capacity=100)
        try:
            async for event in stream:
                self.heard.append(np.frombuffer(event.frame.data, dtype=np.int16).copy())
        finally:
            await stream.aclose()

    def _text(self, reader: rtc.TextStreamReader, identity: str) -> None:
        self._start(self._read(reader, identity))

    async def _read(self, reader: rtc.TextStreamReader, identity: str) -> None:
        text = await reader.read_all()
        self.texts.append((identity, text, dict(reader.info.attributes or {})))


@contextlib.asynccontextmanager
async def joined(url: str, token: str) -> AsyncGenerator[Guest]:
    """A Guest in the room, who leaves at the end of the block."""
    guest = Guest()
    await guest.join(url, token)
    try:
        yield guest
    finally:
        await guest.leave()


async def eventually(true: Callable[[], bool], timeout: float = 10.0) -> None:
    """Returns once `true()`; TimeoutError after `timeout` seconds."""
    async with asyncio.timeout(timeout):
        while not true():  # noqa: ASYNC110  (conditions of others' making; nothing to wait for)
            await asyncio.sleep(0.02)
