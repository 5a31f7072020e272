"""What the tests' framework agent uses of livekit-agents, which is not in the tests' own venv."""

from collections.abc import AsyncIterable, AsyncIterator, Callable
from typing import Any, Generic, Literal, TypeVar

from livekit import rtc
from livekit.agents import stt as stt
from livekit.agents.voice.room_io import RoomOptions

Userdata = TypeVar("Userdata")

class ModelSettings: ...
class LanguageCode(str): ...

class SpeechHandle:
    def add_done_callback(self, callback: Callable[[SpeechHandle], None]) -> None: ...

class Agent:
    def __init__(self, *, instructions: str) -> None: ...
    @property
    def session(self) -> AgentSession[Any]: ...
    def stt_node(self, audio: AsyncIterable[rtc.AudioFrame], model_settings: ModelSettings) -> AsyncIterator[stt.SpeechEvent]: ...

class SessionEvent:
    """The union of the events' fields that are read."""

    new_state: str
    transcript: str
    is_final: bool
    reason: object

class AgentSession(Generic[Userdata]):
    def __init__(self, *, stt: stt.STT, vad: None, turn_handling: dict[str, object]) -> None: ...
    def on(
        self,
        event: Literal["agent_state_changed", "user_state_changed", "user_input_transcribed", "close"],
        callback: Callable[[SessionEvent], None],
    ) -> object: ...
    async def start(self, agent: Agent, *, room: rtc.Room, room_options: RoomOptions, record: bool, session_host: bool) -> None: ...
    def say(self, text: str, *, audio: AsyncIterable[rtc.AudioFrame]) -> SpeechHandle: ...
    async def aclose(self) -> None: ...
