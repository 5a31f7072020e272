from enum import StrEnum

from livekit.agents import LanguageCode
from livekit.agents.types import APIConnectOptions

class SpeechEventType(StrEnum):
    INTERIM_TRANSCRIPT = "interim_transcript"
    FINAL_TRANSCRIPT = "final_transcript"

class SpeechData:
    def __init__(self, *, language: LanguageCode, text: str, confidence: float) -> None: ...

class SpeechEvent:
    def __init__(self, *, type: SpeechEventType, alternatives: list[SpeechData]) -> None: ...

class STTCapabilities:
    def __init__(self, *, streaming: bool, interim_results: bool) -> None: ...

class STT:
    def __init__(self, *, capabilities: STTCapabilities) -> None: ...
    async def _recognize_impl(self, buffer: object, *, language: object = ..., conn_options: APIConnectOptions) -> SpeechEvent: ...
