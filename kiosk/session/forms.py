"""The published forms of the session API as pure maps: parameters to a request, an answer's keys to its parts.

| parameter | voice-session | voice-start | calls | livekit |
|---|---|---|---|---|
| agent_id | `agent_id` | `agent_id` | `agent_id` | `room_config.agents[0].agent_name` |
| metadata | `metadata` | `context` | `metadata` | context |
| room_name, participant_identity | an error | an error | an error | by name |
| the others | by name | `context` | `voice_config` | context |

Into `context` and `voice_config` they go as keys; what is in metadata is laid out there too, and a parameter wins over a
key of metadata of the same name. For `livekit`, context is such an object as a JSON text: in `participant_metadata`, and
where there is an agent in its dispatch's `metadata` (https://docs.livekit.io/frontends/build/authentication/endpoint).
What is not set is not sent. The custom form sends what its template says.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast
from urllib.parse import quote

from pydantic import JsonValue

from kiosk.config.model import CustomForm, SessionConfig
from kiosk.config.parameters import PLACEHOLDER, given

Json = dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Shape:
    """One form: where to post, what, and the keys of the answer (dots go into objects). `end_path` holds `{session_id}`."""

    path: str
    body: Callable[[SessionConfig], Json]
    token: str
    server_url: str
    session_id: str | None = None
    room_name: str | None = None
    end_path: str | None = None


def shape_of(session: SessionConfig) -> Shape:
    """The shape that `session.form` names."""
    return _custom(session.custom or CustomForm()) if session.form == "custom" else _SHAPES[session.form]


def request_url(session: SessionConfig) -> str:
    """Where a session is asked for."""
    return session.url.rstrip("/") + shape_of(session).path if shape_of(session).path else session.url


def end_url(session: SessionConfig, session_id: str | None) -> str | None:
    """Where the session is ended; None where the form has no such call or the API gave no id."""
    path = shape_of(session).end_path
    return session.url.rstrip("/") + path.replace("{session_id}", quote(session_id, safe="")) if path and session_id else None


def look_up(answer: Json, key: str | None) -> JsonValue:
    """The value at a dotted key; None where it is missing."""
    value: JsonValue = answer if key else None
    for part in (key or "").split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def fill(template: JsonValue, values: Json) -> JsonValue:
    """A template with its `{name}`s replaced: alone in a text by the value itself (its key left out without one), else by text."""
    match template:
        case dict():
            kept = {key: inner for key, inner in template.items() if not (_alone(inner) and _alone(inner) not in values)}
            return {key: fill(inner, values) for key, inner in kept.items()}
        case list():
            return [fill(item, values) for item in cast("list[JsonValue]", template) if not (_alone(item) and _alone(item) not in values)]
        case str() if name := _alone(template):
            return values[name]
        case str():
            return PLACEHOLDER.sub(lambda found: _text(values.get(found[1])), template)
        case _:
            return template


def _alone(template: JsonValue) -> str | None:
    found = PLACEHOLDER.fullmatch(template) if isinstance(template, str) else None
    return found[1] if found else None


def _text(value: JsonValue) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _voice_session(session: SessionConfig) -> Json:
    return given(session)


def _voice_start(session: SessionConfig) -> Json:
    context = _context(session)
    return {"agent_id": session.agent_id, **({"context": context} if context else {})}


def _calls(session: SessionConfig) -> Json:
    values = given(session)
    apart: Json = {name: values.pop(name) for name in ("agent_id", "metadata") if name in values}
    return {"type": "web", **apart, **({"voice_config": values} if values else {})}


def _livekit(session: SessionConfig) -> Json:
    values = given(session)
    body: Json = {name: values[name] for name in _ROOM if name in values}
    context = json.dumps(_context(session), ensure_ascii=False) if _context(session) else ""
    if context:
        body["participant_metadata"] = context
    if session.agent_id:
        dispatch: Json = {"agent_name": session.agent_id, **({"metadata": context} if context else {})}
        body["room_config"] = {"agents": [dispatch]}
    return body


def _context(session: SessionConfig) -> Json:
    """Metadata and overrides in one object."""
    values = given(session)
    return {**session.metadata, **{name: value for name, value in values.items() if name not in ("agent_id", "metadata", *_ROOM)}}


def _custom(custom: CustomForm) -> Shape:
    return Shape(
        path=custom.path,
        body=lambda session: cast("Json", fill(custom.request, given(session))),
        token=custom.token,
        server_url=custom.server_url,
        session_id=custom.session_id,
        end_path=custom.end_path,
    )


_ROOM: Final = ("room_name", "participant_identity")
_SHAPES: Final = {
    "voice-session": Shape(
        "/v1/voice/session", _voice_session, "token", "livekit_url", "session_id", "room_name", "/v1/voice/session/{session_id}/end"
    ),
    "voice-start": Shape("/voice/start", _voice_start, "token", "livekit_url", "session_id"),
    "calls": Shape("/v2/calls", _calls, "token", "livekit_url", "id", "room_name"),
    "livekit": Shape("", _livekit, "participant_token", "server_url"),
}
