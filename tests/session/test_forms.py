"""The exact JSON of every form, and where its answers are found."""

from __future__ import annotations

import json

import pytest
from aiohttp import web
from pydantic import JsonValue

from kiosk.session.forms import fill
from tests.session.helpers import ask, client, fake_api, jwt, settings

ALL = {
    "metadata": {"place": "hall", "floor": 2, "language": "xx"},
    "language": "de",
    "first_message": "Hallo",
    "voice_id": "v1",
    "stt_provider": "deepgram",
    "tts_provider": "cartesia",
    "tts_voice": "v2",
    "stt_language": "de-AT",
}
OVERRIDES = {name: value for name, value in ALL.items() if name != "metadata"}
CONTEXT = {"place": "hall", "floor": 2, **OVERRIDES}


@pytest.mark.parametrize(
    ("form", "path", "keys", "body"),
    [
        ("voice-session", "/v1/voice/session", {}, {"agent_id": "a1"}),
        ("voice-session", "/v1/voice/session", ALL, {"agent_id": "a1", **ALL}),
        ("voice-start", "/voice/start", {}, {"agent_id": "a1"}),
        ("voice-start", "/voice/start", ALL, {"agent_id": "a1", "context": CONTEXT}),
        ("calls", "/v2/calls", {}, {"type": "web", "agent_id": "a1"}),
        ("calls", "/v2/calls", ALL, {"type": "web", "agent_id": "a1", "metadata": ALL["metadata"], "voice_config": OVERRIDES}),
        ("livekit", "/", {"agent_id": ""}, {}),
        (
            "livekit",
            "/",
            {**ALL, "room_name": "r1", "participant_identity": "kiosk"},
            {
                "room_name": "r1",
                "participant_identity": "kiosk",
                "participant_metadata": json.dumps(CONTEXT),
                "room_config": {"agents": [{"agent_name": "a1", "metadata": json.dumps(CONTEXT)}]},
            },
        ),
    ],
)
async def test_requests(form: str, path: str, keys: dict[str, object], body: object) -> None:
    async with fake_api() as api:
        token = jwt()
        api.answers(
            lambda: web.json_response(
                {"token": token, "participant_token": token, "livekit_url": "wss://m.example", "server_url": "wss://m.example"}, status=201
            )
        )
        grant = await ask(settings(api.url, form=form, **keys))
    assert grant.token == token
    [(method, asked, headers, _)] = api.requests
    assert (method, asked) == ("POST", path)
    assert api.bodies() == [body]
    assert headers["Authorization"] == "Bearer sk_live_0123456789"
    assert headers["Content-Type"] == "application/json"
    assert "Cookie" not in headers


@pytest.mark.parametrize(
    ("form", "reply", "session_id", "room"),
    [
        ("voice-session", {"livekit_url": "wss://m.example", "session_id": "s1", "room_name": "r1"}, "s1", "r1"),
        ("voice-start", {"livekit_url": "wss://m.example", "websocket_url": "wss://other", "session_id": "s1"}, "s1", None),
        ("calls", {"livekit_url": "wss://m.example", "id": 17, "room_name": "r1", "expires_in": 300}, "17", "r1"),
        ("livekit", {"server_url": "wss://m.example"}, None, None),
    ],
)
async def test_answers(form: str, reply: dict[str, object], session_id: str | None, room: str | None) -> None:
    async with fake_api() as api:
        api.answers(lambda: web.json_response({**reply, "token": jwt(), "participant_token": jwt()}))
        grant = await ask(settings(api.url, form=form))
    assert (grant.url, grant.session_id, grant.room_name) == ("wss://m.example", session_id, room)
    assert grant.token not in repr(grant)


@pytest.mark.parametrize(
    ("form", "reply", "path"),
    [
        ("voice-session", {"session_id": "a:b", "livekit_url": "wss://m.example"}, "/base/v1/voice/session/a:b/end"),
        ("voice-session", {"livekit_url": "wss://m.example"}, None),
        ("voice-start", {"session_id": "s1", "livekit_url": "wss://m.example"}, None),
        ("calls", {"id": "s1", "livekit_url": "wss://m.example"}, None),
    ],
)
async def test_a_session_is_ended_where_the_form_can(form: str, reply: dict[str, object], path: str | None) -> None:
    async with fake_api() as api:
        api.answers(lambda: web.json_response({**reply, "token": jwt()}))
        async with client(settings(f"{api.url}/base/", form=form)) as made:
            await made.end(await made.ask())
    assert [(method, asked, headers["Authorization"]) for method, asked, headers, _ in api.requests[1:]] == (
        [("POST", path, "Bearer sk_live_0123456789")] if path else []
    )


async def test_a_custom_form() -> None:
    custom = {
        "path": "/go",
        "request": {
            "agent": "{agent_id}",
            "about": "{metadata}",
            "say": "{first_message}",
            "note": "for {agent_id} in {language}!",
            "n": 1,
        },
        "token": "data.jwt",
        "server_url": "data.url",
        "session_id": "data.id",
        "end_path": "/stop/{session_id}",
    }
    async with fake_api() as api:
        api.answers(lambda: web.json_response({"data": {"jwt": jwt(), "url": "https://m.example/x", "id": "i1"}}))
        config = settings(api.url, form="custom", metadata={"a": 1}, custom=custom)
        async with client(config, None) as made:
            grant = await made.ask()
            await made.end(grant)
    assert json.loads(api.requests[0][3]) == {"agent": "a1", "about": {"a": 1}, "note": "for a1 in !", "n": 1}
    assert (grant.url, grant.session_id) == ("wss://m.example/x", "i1")
    assert [path for _, path, _, _ in api.requests] == ["/go", "/stop/i1"]
    assert all("Authorization" not in headers for _, _, headers, _ in api.requests)


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ({"a": {"b": "{x}"}}, {"a": {}}),
        (["{x}", "{y}", "n {y}"], [{"z": 1}, 'n {"z": 1}'][0:2]),
        ("{y}", {"z": 1}),
        ({"{y}": None, "b": True}, {"{y}": None, "b": True}),
    ],
)
def test_templates(template: JsonValue, filled: JsonValue) -> None:
    assert fill(template, {"y": {"z": 1}}) == filled
