"""The parts that the live tests stand on do what they say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from livekit import rtc

from tests.parts.align import align
from tests.parts.emitter import Emitter
from tests.parts.far_end import FarEnd
from tests.parts.framework_agent.agent import FrameworkAgent
from tests.parts.livekit_server import LiveKitServer
from tests.parts.recording import FRAME, RATE, Samples

ROOM = "hall"
PRECONNECT = "lk.agent.pre-connect-audio-buffer"


class Visitor:
    """A plain client that writes down what reaches it."""

    def __init__(self) -> None:
        self.room = rtc.Room()
        self.source = rtc.AudioSource(RATE, 1, queue_size_ms=0)
        self.words: list[tuple[str, str]] = []
        self.streams: list[tuple[str, str, dict[str, str]]] = []
        self.data: list[tuple[str, str]] = []
        self.states: list[str] = []
        self._reading: list[asyncio.Task[None]] = []
        self.room.register_text_stream_handler("lk.transcription", self._stream)
        events = cast(Emitter, self.room)
        events.on("transcription_received", self._transcription)
        events.on("data_received", self._data)
        events.on("participant_attributes_changed", self._attributes)

    async def publish(self) -> str:
        """Its microphone, announced as beginning with a pre-connect buffer; the SID."""
        track = rtc.LocalAudioTrack.create_audio_track("microphone", self.source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, preconnect_buffer=True)
        return (await self.room.local_participant.publish_track(track, options)).sid

    async def send_recorded(self, samples: Samples, track: str, to: str) -> None:
        attributes = {"trackId": track, "sampleRate": str(RATE), "channels": "1"}
        writer = await self.room.local_participant.stream_bytes(
            "first", topic=PRECONNECT, destination_identities=[to], attributes=attributes
        )
        await writer.write(samples.tobytes())
        await writer.aclose()

    async def speak(self, samples: Samples) -> None:
        start = asyncio.get_running_loop().time()
        for number, first in enumerate(range(0, len(samples) - FRAME + 1, FRAME)):
            await asyncio.sleep(start + number * FRAME / RATE - asyncio.get_running_loop().time())
            await self.source.capture_frame(rtc.AudioFrame(samples[first : first + FRAME].tobytes(), RATE, 1, FRAME))

    def _transcription(self, segments: list[rtc.TranscriptionSegment], who: rtc.Participant | None, _: object) -> None:
        self.words += [(who.identity if who else "", segment.text) for segment in segments]

    def _data(self, packet: rtc.DataPacket) -> None:
        self.data.append((packet.topic or "", packet.data.decode()))

    def _attributes(self, changed: dict[str, str], _: rtc.Participant) -> None:
        self.states.append(changed["lk.agent.state"])

    def _stream(self, reader: rtc.TextStreamReader, identity: str) -> None:
        self._reading.append(asyncio.create_task(self._read(reader, identity)))

    async def _read(self, reader: rtc.TextStreamReader, identity: str) -> None:
        self.streams.append((identity, await reader.read_all(), dict(reader.info.attributes or {})))


@asynccontextmanager
async def visiting(server: LiveKitServer) -> AsyncGenerator[Visitor]:
    visitor = Visitor()
    await visitor.room.connect(server.url, server.token("visitor", ROOM))
    try:
        yield visitor
    finally:
        await visitor.room.disconnect()


def far_end(server: LiveKitServer, folder: Path, identity: str = "agent", *, echo: bool = False) -> FarEnd:
    return FarEnd(server.url, server.token(identity, ROOM, kind="agent"), folder / identity, echo=echo)


async def test_an_expired_token_is_refused(server: LiveKitServer, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="ended before joined"):
        async with FarEnd(server.url, server.token("late", ROOM, ttl=-60.0), tmp_path / "late"):
            pass


async def test_the_server_throws_out_and_comes_back_on_its_ports(server: LiveKitServer, tmp_path: Path) -> None:
    async with far_end(server, tmp_path) as agent, far_end(server, tmp_path, "other") as other:
        assert {who["identity"] for who in await server.participants(ROOM)} == {"agent", "other"}
        await server.remove_participant(ROOM, "agent")
        assert (await agent.event("disconnected"))["reason"] == rtc.DisconnectReason.PARTICIPANT_REMOVED
        await server.delete_room(ROOM)
        assert (await other.event("disconnected"))["reason"] == rtc.DisconnectReason.ROOM_DELETED
    url = server.url
    server.restart()
    assert server.url == url
    async with far_end(server, tmp_path, "again"):
        pass


async def test_a_frozen_server_answers_nothing_until_it_thaws(server: LiveKitServer) -> None:
    server.freeze()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(server.request("ListRooms"), 0.5)
    server.thaw()
    assert await server.request("ListRooms") == {"rooms": []}


async def test_a_stopped_server_says_so(server: LiveKitServer, tmp_path: Path) -> None:
    async with far_end(server, tmp_path) as agent:
        await asyncio.to_thread(server.stop)
        assert (await agent.event("disconnected"))["reason"] == rtc.DisconnectReason.SERVER_SHUTDOWN


async def test_a_sentence_arrives_whole_over_opus(server: LiveKitServer, tmp_path: Path, sentence: Samples) -> None:
    async with far_end(server, tmp_path) as agent, visiting(server) as visitor:
        await visitor.publish()
        await agent.event("track", identity="visitor")
        await visitor.speak(np.concatenate([np.zeros(RATE // 2, np.int16), sentence, np.zeros(RATE // 2, np.int16)]))
        found = align(sentence, (await agent.heard()).samples)
    assert found.lost_ms + found.shortened_ms == 0, str(found)


async def test_the_echo_is_quick(server: LiveKitServer, tmp_path: Path) -> None:
    clicks = np.zeros(3 * RATE, np.int16)
    for moment in range(RATE // 4, len(clicks), RATE // 2):
        clicks[moment : moment + FRAME] = (20_000 * np.sin(np.arange(FRAME) * 0.13)).astype(np.int16)
    async with far_end(server, tmp_path, echo=True) as agent, far_end(server, tmp_path, "caller") as caller:
        await agent.event("track")
        await caller.event("track")
        started = await caller.play(clicks)
        await caller.event("spoken")
        heard = await caller.heard()
    first = heard.since(started + 2.25).first_loud()
    assert first is not None
    assert first - started - 2.25 < 0.6


async def test_the_far_end_says_what_an_agent_says(server: LiveKitServer, tmp_path: Path) -> None:
    async with far_end(server, tmp_path) as agent, visiting(server) as visitor:
        await agent.event("arrived", identity="visitor")
        await agent.state("thinking")
        await agent.transcript("one", shape="stream", final=False)
        await agent.transcript("two", shape="packet")
        await agent.transcript("three", shape="data")
        await agent.transcript("mine", shape="stream", of="visitor")
        await agent.data({"open": "door"}, topic="door")
        await asyncio.sleep(0.5)
    assert visitor.states == ["thinking"]
    assert [(who, text, kind["lk.transcription_final"]) for who, text, kind in visitor.streams] == [
        ("agent", "one", "false"),
        ("visitor", "mine", "true"),
    ]
    assert ("agent", "two") in visitor.words
    assert [topic for topic, _ in visitor.data] == ["transcript", "door"]


async def test_the_far_end_takes_a_preconnect_buffer(server: LiveKitServer, tmp_path: Path, sentence: Samples) -> None:
    async with far_end(server, tmp_path) as agent, visiting(server) as visitor:
        track = await visitor.publish()
        await visitor.send_recorded(sentence, track, "agent")
        pcm, attributes = await agent.preconnect()
    assert pcm == sentence.tobytes()
    assert attributes == {"trackId": track, "sampleRate": str(RATE), "channels": "1"}


async def test_the_framework_agent_hears_the_buffer_first_and_is_heard(
    server: LiveKitServer, tmp_path: Path, sentence: Samples, framework_python: Path
) -> None:
    pause = int(1.0 * RATE) // FRAME * FRAME
    token = server.token("agent", ROOM, kind="agent")
    async with FrameworkAgent(framework_python, server.url, token, tmp_path / "framework") as agent, visiting(server) as visitor:
        await visitor.send_recorded(sentence, await visitor.publish(), "agent")
        await visitor.speak(np.zeros(pause, np.int16))
        heard = align(sentence, (await agent.heard()).samples)
        await agent.recognise("good day", final=False)
        await agent.recognise("good day to you")
        await agent.event("transcribed", final=True)
        await agent.say("At your service", sentence)
        await agent.event("said", timeout=15.0)
        await asyncio.sleep(0.5)
    assert heard.lost_ms + heard.shortened_ms == 0, str(heard)
    assert heard.delay_first_ms < 20
    assert visitor.states[:2] == ["speaking", "listening"]
    assert ("visitor", "good day to you") in [(who, text) for who, text, _ in visitor.streams]
    assert ("agent", "At your service") in [(who, text) for who, text, _ in visitor.streams]
