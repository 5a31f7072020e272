"""The far end's process: `python -m tests.parts.far_end_main URL TOKEN FOLDER [--echo]`; see far_end.py for what it obeys."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, cast

import numpy as np
from livekit import rtc

from tests.parts.emitter import Emitter
from tests.parts.lines import emit, serve
from tests.parts.recording import FRAME, RATE, Recorder, Samples, read_wav

PRECONNECT = "lk.agent.pre-connect-audio-buffer"
TRANSCRIPTION = "lk.transcription"
QUEUE_MS = 200
"""What of its own voice waits in the library."""

Who = rtc.RemoteParticipant
Which = rtc.RemoteTrackPublication


class FarEnd:
    """Records the newest audio track of the room, echoes or plays, and says what an agent says besides."""

    def __init__(self, folder: Path, echo: bool) -> None:
        self.room = rtc.Room()
        self.echo = echo
        self._folder = folder
        self._recorder = Recorder()
        # An echo goes back at once; a voice is paced by the library's own timer, as production agents' are, and not by this loop.
        self._source = rtc.AudioSource(RATE, 1, queue_size_ms=0 if echo else QUEUE_MS)
        self._track_sid = ""
        self._listening: asyncio.Task[None] | None = None
        self._playing: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._saved = 0

    async def join(self, url: str, token: str) -> None:
        self._follow()
        await self.room.connect(url, token, rtc.RoomOptions(connect_timeout=5.0))
        track = rtc.LocalAudioTrack.create_audio_track("voice", self._source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        self._track_sid = (await self.room.local_participant.publish_track(track, options)).sid
        emit("joined", identity=self.room.local_participant.identity, sid=self._track_sid)

    # commands

    async def heard(self) -> dict[str, object]:
        self._saved += 1
        stem = self._folder / f"heard-{self._saved}"
        await asyncio.to_thread(self._recorder.so_far().save, stem)
        return {"stem": str(stem)}

    async def play(self, file: str) -> None:
        if self._playing is not None and not self._playing.done():
            raise RuntimeError("it is speaking already")
        samples, _ = read_wav(Path(file))
        self._playing = asyncio.create_task(self._speak(samples))

    async def state(self, state: str) -> None:
        await self.room.local_participant.set_attributes({"lk.agent.state": state})

    async def transcript(self, shape: str, text: str, final: bool, segment: str, of: str | None) -> None:
        me = self.room.local_participant
        track = self._track_sid if of is None else self._track_of(of)
        if shape == "stream":
            attributes = {
                "lk.segment_id": segment,
                "lk.transcribed_track_id": track,
                "lk.transcription_final": "true" if final else "false",
            }
            writer = await me.stream_text(topic=TRANSCRIPTION, attributes=attributes, sender_identity=of)
            await writer.write(text)
            await writer.aclose()
        elif shape == "packet":
            line = rtc.TranscriptionSegment(id=segment, text=text, start_time=0, end_time=0, language="en", final=final)
            await me.publish_transcription(rtc.Transcription(participant_identity=of or me.identity, track_sid=track, segments=[line]))
        elif shape == "data":
            said = {"type": "transcript", "role": "agent" if of is None else "user", "text": text, "final": final, "id": segment}
            await me.publish_data(json.dumps(said), topic="transcript")
        else:
            raise ValueError(f"no such shape: {shape}")

    async def data(self, payload: object, topic: str) -> None:
        await self.room.local_participant.publish_data(json.dumps(payload), topic=topic)

    # what happens

    def _follow(self) -> None:
        def subscribed(track: rtc.Track, publication: Which, who: Who) -> None:
            if isinstance(track, rtc.RemoteAudioTrack):
                emit("track", identity=who.identity, sid=publication.sid, muted=publication.muted)
                self._listen(track)

        def unsubscribed(track: rtc.Track, publication: Which, who: Who) -> None:
            emit("untrack", identity=who.identity, sid=publication.sid)

        def data(packet: rtc.DataPacket) -> None:
            sender = packet.participant.identity if packet.participant else ""
            emit("data", topic=packet.topic, identity=sender, payload=packet.data.decode(errors="replace"))

        def told(event: str) -> Callable[[Who, Which], None]:
            return lambda who, publication: emit(event, identity=who.identity, sid=publication.sid)

        def met(event: str) -> Callable[[Who], None]:
            return lambda who: emit(event, identity=who.identity)

        def ended(reason: int) -> None:
            emit("disconnected", reason=int(reason))

        events = cast(Emitter, self.room)
        events.on("track_subscribed", subscribed)
        events.on("track_unsubscribed", unsubscribed)
        events.on("track_muted", told("mute"))
        events.on("track_unmuted", told("unmute"))
        events.on("participant_connected", met("arrived"))
        events.on("participant_disconnected", met("left"))
        events.on("data_received", data)
        events.on("reconnecting", lambda: emit("reconnecting"))
        events.on("reconnected", lambda: emit("reconnected"))
        events.on("disconnected", ended)
        self.room.register_byte_stream_handler(PRECONNECT, lambda reader, identity: self._start(self._take_preconnect(reader, identity)))

    async def _take_preconnect(self, reader: rtc.ByteStreamReader, identity: str) -> None:
        started = time.monotonic()
        pcm = b"".join([chunk async for chunk in reader])
        path = self._folder / f"preconnect-{len(list(self._folder.glob('preconnect-*')))}.pcm"
        path.write_bytes(pcm)
        emit(
            "preconnect", identity=identity, file=str(path), bytes=len(pcm), attributes=dict(reader.info.attributes or {}), started=started
        )

    def _listen(self, track: rtc.RemoteAudioTrack) -> None:
        if self._listening is not None:
            self._listening.cancel()
        self._listening = asyncio.create_task(self._record(track))

    async def _record(self, track: rtc.RemoteAudioTrack) -> None:
        stream = rtc.AudioStream(track, sample_rate=RATE, num_channels=1, frame_size_ms=10, capacity=500)
        try:
            async for event in stream:
                self._recorder.add(np.frombuffer(event.frame.data, np.int16), time.monotonic())
                if self.echo:
                    await self._source.capture_frame(event.frame)
        finally:
            await stream.aclose()

    async def _speak(self, samples: Samples) -> None:
        emit("speaking", file_ms=1000 * len(samples) / RATE)
        start = time.monotonic()
        for first in range(0, len(samples) - FRAME + 1, FRAME):
            await self._source.capture_frame(rtc.AudioFrame(samples[first : first + FRAME].tobytes(), RATE, 1, FRAME))
        await self._source.wait_for_playout()
        emit("spoken", started=start)

    def _track_of(self, identity: str) -> str:
        return next(iter(self.room.remote_participants[identity].track_publications), "")

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def main(url: str, token: str, folder: Path, echo: bool) -> None:
    far = FarEnd(folder, echo)
    await far.join(url, token)
    await serve({"heard": far.heard, "play": far.play, "state": far.state, "transcript": far.transcript, "data": far.data})
    try:
        await asyncio.wait_for(asyncio.shield(far.room.disconnect()), 4.0)
    except TimeoutError:
        emit("stuck")
    sys.stdout.flush()
    # The native library's exit path aborts now and then.
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), "--echo" in sys.argv[4:]))
