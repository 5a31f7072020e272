"""The agent of the loopback world: hears the visitor, waits for the end of his turn, answers aloud; it recognises no words."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from dataclasses import dataclass
from typing import Final, Literal

from aiortc.rtp import RtpPacket
from livekit.protocol.models import DataPacket, ParticipantInfo, TrackInfo, TrackSource, TrackType, UserPacket

from kiosk.audio.frames import RATE, Block
from kiosk.sim.ears import Heard
from kiosk.sim.listener import Listener
from kiosk.sim.opus import encode
from kiosk.sim.sfu.resident import Door
from kiosk.sim.sfu.visitor import sid
from kiosk.sim.streams import Inbox, Received, TextStream
from kiosk.sim.turns import Turn
from kiosk.sim.voice import Echo, Voice
from kiosk.sim.wav import ANSWER_WORDS, spoken

Mode = Literal["answer", "echo", "silent"]
"""answer: as described; echo: every packet goes back at once, for measuring; silent: only hears."""

IDENTITY: Final = "agent-loopback"
THINKING_S: Final = 0.3
TICK_S: Final = 0.05
RECORDED_TOPIC: Final = "lk.agent.pre-connect-audio-buffer"
TRANSCRIPT_TOPIC: Final = "lk.transcription"


@dataclass(slots=True)
class Said:
    """Something the agent said: `samples` (48 kHz mono) from `at` (loop's time) on; not `whole` while it lasts or when interrupted."""

    text: str
    samples: Block
    at: float
    whole: bool = False


class Agent:
    """A Resident of the media server, for one visitor's stay. What it remembers outlives its stay."""

    def __init__(self, mode: Mode = "answer", *, greeting: bool = False) -> None:
        self.state = "initializing"
        self.said: list[Said] = []
        self.turns: list[Turn] = []
        """What of `heard` was the visitor's speech."""
        self.messages: deque[tuple[str, bytes]] = deque(maxlen=100)
        """(topic, payload) of each plain data message."""
        self.streams: deque[Received] = deque(maxlen=10)
        self._sid = sid("PA")
        self._track_sid = sid("TR")
        self._visitors_track = ""
        self._mode = mode
        self._greeting = greeting
        self._echo = Echo(self._track_sid)
        self._voice = Voice(self._track_sid)
        self.voice = self._echo if mode == "echo" else self._voice
        self._listener = Listener()
        self._inbox = Inbox()
        self._door: Door | None = None

    @property
    def heard(self) -> Heard:
        """The last minute of what reached its ears: pre-connect audio first, then the track."""
        return self._listener.ears.heard

    @property
    def lost(self) -> int:
        """Packets of the visitor's that never came."""
        return self._listener.ears.lost

    def info(self) -> ParticipantInfo:
        """Itself, as the visitor's SDK is told."""
        track = TrackInfo(sid=self._track_sid, type=TrackType.AUDIO, name="voice", source=TrackSource.MICROPHONE, mime_type="audio/opus")
        return ParticipantInfo(
            sid=self._sid,
            identity=IDENTITY,
            kind=ParticipantInfo.AGENT,
            state=ParticipantInfo.ACTIVE,
            tracks=[track],
            attributes={"lk.agent.state": self.state},
        )

    def published(self, track: str, preconnect: bool) -> None:
        """The visitor publishes his microphone; `preconnect` = recorded audio comes as a byte stream."""
        self._visitors_track = track
        if preconnect:
            self._listener.expect_recorded()

    def packet(self, packet: RtpPacket) -> None:
        """One RTP packet of the visitor's."""
        if self._mode == "echo":
            self._echo.forward(packet)
        self._listener.packet(packet)

    def data(self, packet: bytes) -> None:
        """One data packet of the visitor's."""
        parsed = DataPacket.FromString(packet)
        if parsed.HasField("user"):
            self.messages.append((parsed.user.topic, parsed.user.payload))
        stream = self._inbox.take(parsed)
        if stream is not None:
            self.streams.append(stream)
            if stream.topic == RECORDED_TOPIC:
                self._listener.recorded(stream)

    async def live(self, door: Door) -> None:
        """Its stay in the room, until cancelled."""
        self._door = door
        try:
            await door.ready.wait()
            await self._become("listening")
            if self._greeting:
                await self._say(ANSWER_WORDS, spoken("answer"))
                await self._become("listening")
            while True:
                await self._answer(await self._next_turn())
        finally:
            self._listener.close()
            self._door = None

    def send_json(self, payload: object, topic: str = "") -> None:
        """A plain data message to the visitor."""
        packet = UserPacket(payload=json.dumps(payload).encode(), topic=topic)
        self._send(DataPacket(participant_identity=IDENTITY, user=packet))

    async def _next_turn(self) -> Turn:
        segment = ""
        while True:
            if self._listener.turns.speaking and not segment:
                segment = sid("SG")
                self._transcribe(segment, "(speaking)", final=False)
            turn = self._listener.turns.ended(asyncio.get_running_loop().time())
            if turn is not None:
                self._transcribe(segment, f"({(turn.end - turn.start) / RATE:.1f} s of speech)", final=True)
                self.turns.append(turn)
                return turn
            await asyncio.sleep(TICK_S)

    async def _answer(self, turn: Turn) -> None:
        if self._mode != "answer":
            return
        await self._become("thinking")
        heard = self.heard
        words = heard.samples[max(0, turn.start - heard.start) : turn.end - heard.start]
        await asyncio.sleep(THINKING_S)
        if await self._say(ANSWER_WORDS, spoken("answer")):
            await self._say("(what was heard, again)", words)
        await self._become("listening")

    async def _say(self, text: str, samples: Block) -> bool:
        """Speaks until done (True) or until the visitor speaks (False); the words are sent as they are spoken."""
        loop = asyncio.get_running_loop()
        payloads = await asyncio.to_thread(encode, samples)
        await self._become("speaking")
        said = Said(text, samples, loop.time())
        self.said.append(said)
        self._voice.say(payloads)
        stream = TextStream(TRANSCRIPT_TOPIC, IDENTITY, _attributes(sid("SG"), self._track_sid, final=False))
        self._send(stream.open())
        sent = 0
        while self._voice.busy and not self._listener.turns.speaking:
            await asyncio.sleep(TICK_S)
            reached = round(len(text) * min(1.0, (loop.time() - said.at) / (len(samples) / RATE)))
            if reached > sent:
                self._send(stream.piece(text[sent:reached]))
                sent = reached
        said.whole = not self._voice.busy
        self._voice.hush()
        self._send(stream.close({"lk.transcription_final": "true"}))
        return said.whole

    def _transcribe(self, segment: str, text: str, *, final: bool) -> None:
        """The visitor's own words, under his name, as LiveKit Agents send them: a stream of its own for each state of the text."""
        identity = self._door.identity if self._door else ""
        stream = TextStream(TRANSCRIPT_TOPIC, identity, _attributes(segment, self._visitors_track, final=final))
        for packet in (stream.open(), stream.piece(text), stream.close()):
            self._send(packet)

    async def _become(self, state: str) -> None:
        self.state = state
        if self._door is not None:
            await self._door.announce()

    def _send(self, packet: DataPacket) -> None:
        if self._door is not None:
            self._door.send(packet)


def _attributes(segment: str, track: str, *, final: bool) -> dict[str, str]:
    return {"lk.segment_id": segment, "lk.transcribed_track_id": track, "lk.transcription_final": "true" if final else "false"}
