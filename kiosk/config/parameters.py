"""The session's parameters: which form of the API carries which, and how a custom form names them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pydantic import JsonValue

from kiosk.config.model import Form, SessionConfig

PARAMETERS: Final = (
    "agent_id",
    "metadata",
    "language",
    "first_message",
    "voice_id",
    "stt_provider",
    "tts_provider",
    "tts_voice",
    "stt_language",
    "room_name",
    "participant_identity",
)
"""Keys of `session` that tell the API what session is wanted."""

_ROOM_FORMS: Final[tuple[Form, ...]] = ("livekit", "custom")
NEEDS_AGENT: Final[tuple[Form, ...]] = ("voice-session", "voice-start", "calls")
"""Forms that answer 422 without an `agent_id`."""

PLACEHOLDER: Final = re.compile(r"\{([A-Za-z_]+)\}")


def given(session: SessionConfig) -> dict[str, JsonValue]:
    """The parameters that have a value, by name, in the order of PARAMETERS."""
    values = ((name, getattr(session, name)) for name in PARAMETERS)
    return {name: value for name, value in values if value not in (None, "", {})}


def same_request(one: SessionConfig, other: SessionConfig) -> bool:
    """Whether both ask the same API for the same session."""
    return all(getattr(one, name) == getattr(other, name) for name in ("url", "form", "custom", *PARAMETERS))


def carries(form: Form, parameter: str) -> bool:
    """Whether a published form has a place for the parameter: only the room's own two are the livekit form's alone."""
    return form in _ROOM_FORMS or parameter not in ("room_name", "participant_identity")


def placeholders(template: JsonValue) -> Iterator[str]:
    """Every `{name}` in the texts of a template."""
    match template:
        case str():
            yield from PLACEHOLDER.findall(template)
        case list():
            for item in template:
                yield from placeholders(item)
        case dict():
            for item in template.values():
                yield from placeholders(item)
        case _:
            return
