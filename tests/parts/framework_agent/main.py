"""The framework agent's process: `python -m tests.parts.framework_agent.main URL TOKEN FOLDER`, with the Python of .cache/agents-venv."""

# pyright: reportMissingModuleSource=false
# The framework is in that venv only; what is used of it is declared in typings/livekit/agents.

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path
from typing import cast

import numpy as np
from livekit import rtc
from livekit.agents import Agent, AgentSession, LanguageCode, ModelSettings, stt
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions
from livekit.agents.voice import room_io

from tests.parts.emitter import Emitter
from tests.parts.lines import emit, serve
from tests.parts.recording import FRAME, RATE, Recorder, read_wav


class Deaf(stt.STT):
    """Stands for a streaming recognition; `Listener.stt_node` takes its place, so it is never asked."""

    def __init__(self) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=True, interim_results=True))

    async def _recognize_impl(
        self, buffer: object, *, language: object = None, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> stt.SpeechEvent:
        raise NotImplementedError


class Listener(Agent):
    """Keeps every frame that its speech recognition would get, and recognises what it is told to."""

    def __init__(self, folder: Path) -> None:
        super().__init__(instructions="")
        self._folder = folder
        self._recorder = Recorder()
        self._words: asyncio.Queue[stt.SpeechEvent] = asyncio.Queue()

    async def stt_node(self, audio: AsyncIterable[rtc.AudioFrame], model_settings: ModelSettings) -> AsyncIterator[stt.SpeechEvent]:
        keeping = asyncio.create_task(self._keep(audio))
        try:
            while True:
                yield await self._words.get()
        finally:
            keeping.cancel()

    async def _keep(self, audio: AsyncIterable[rtc.AudioFrame]) -> None:
        rest = np.zeros(0, np.int16)
        rate = 0
        async for frame in audio:
            if frame.sample_rate != rate:
                rate = frame.sample_rate
                emit("hearing", rate=rate)
            rest = np.concatenate((rest, np.frombuffer(frame.data, np.int16)))
            while len(rest) >= FRAME:
                self._recorder.add(rest[:FRAME], time.monotonic())
                rest = rest[FRAME:]

    async def heard(self) -> dict[str, object]:
        stem = self._folder / f"heard-{time.monotonic_ns()}"
        await asyncio.to_thread(self._recorder.so_far().save, stem)
        return {"stem": str(stem)}

    async def recognise(self, text: str, final: bool) -> None:
        kind = stt.SpeechEventType.FINAL_TRANSCRIPT if final else stt.SpeechEventType.INTERIM_TRANSCRIPT
        words = stt.SpeechData(language=LanguageCode("en"), text=text, confidence=1.0)
        self._words.put_nowait(stt.SpeechEvent(type=kind, alternatives=[words]))

    async def say(self, text: str, file: str) -> None:
        samples, _ = read_wav(Path(file))

        async def frames() -> AsyncIterator[rtc.AudioFrame]:
            for first in range(0, len(samples) - FRAME + 1, FRAME):
                yield rtc.AudioFrame(samples[first : first + FRAME].tobytes(), RATE, 1, FRAME)

        speech = self.session.say(text, audio=frames())
        speech.add_done_callback(lambda _: emit("said"))
        emit("saying")


def follow(session: AgentSession[None]) -> None:
    """Tells what the framework says of the session."""
    session.on("agent_state_changed", lambda event: emit("state", state=event.new_state))
    session.on("user_state_changed", lambda event: emit("user_state", state=event.new_state))
    session.on("user_input_transcribed", lambda event: emit("transcribed", text=event.transcript, final=event.is_final))
    session.on("close", lambda event: emit("closed", reason=str(event.reason)))


async def main(url: str, token: str, folder: Path) -> None:
    room = rtc.Room()

    def arrived(who: rtc.RemoteParticipant) -> None:
        emit("arrived", identity=who.identity)

    cast(Emitter, room).on("participant_connected", arrived)
    listener = Listener(folder)
    session: AgentSession[None] = AgentSession(stt=Deaf(), vad=None, turn_handling={"turn_detection": "manual"})
    follow(session)
    options = room_io.RoomOptions(
        audio_input=room_io.AudioInputOptions(sample_rate=RATE, frame_size_ms=10),
        audio_output=room_io.AudioOutputOptions(sample_rate=RATE),
    )
    await session.start(listener, room=room, room_options=options, record=False, session_host=False)
    await room.connect(url, token)
    emit("joined", identity=room.local_participant.identity)
    await serve({"heard": listener.heard, "say": listener.say, "recognise": listener.recognise})
    try:
        await asyncio.wait_for(asyncio.shield(leave(session, room)), 5.0)
    except TimeoutError:
        emit("stuck")
    sys.stdout.flush()
    # The native library's exit path aborts now and then.
    os._exit(0)


async def leave(session: AgentSession[None], room: rtc.Room) -> None:
    """Ends the session, then the connection."""
    await session.aclose()
    await room.disconnect()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
