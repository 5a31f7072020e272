"""The session API of the loopback world, in all its forms."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession

from kiosk.sim.api import Reply
from kiosk.sim.sfu.access import check
from kiosk.sim.sfu.server import KEY
from kiosk.sim.world import API_KEY, World

Form = tuple[str, dict[str, Any], int, set[str]]
FORMS: list[Form] = [
    ("/v1/voice/session", {"agent_id": "a"}, 200, {"token", "livekit_url", "room_name", "session_id"}),
    ("/voice/start", {"agent_id": "a", "context": {"k": 1}}, 200, {"session_id", "token", "websocket_url", "livekit_url"}),
    (
        "/v2/calls",
        {"type": "web", "agent_id": "a"},
        201,
        {"id", "type", "status", "agent_id", "token", "livekit_url", "room_name", "expires_in"},
    ),
    ("/", {"room_name": "hall"}, 201, {"server_url", "participant_token"}),
]
"""(path, body, status, fields of the answer)"""


@pytest.fixture
async def client(world: World) -> AsyncIterator[ClientSession]:
    async with ClientSession(world.api_url, headers={"Authorization": f"Bearer {API_KEY}"}) as session:
        yield session


@pytest.mark.parametrize("form", FORMS)
async def test_each_form_gives_a_token_for_the_media_server(world: World, client: ClientSession, form: Form) -> None:
    path, body, status, fields = form
    async with client.post(path, json=body) as answer:
        given = await answer.json()
    assert (answer.status, set(given)) == (status, fields)
    assert world.sfu_url in given.values()
    access = check(given.get("token") or given["participant_token"], KEY, world.secret)
    assert access.room == given.get("room_name", access.room)
    assert world.api.requests[-1].body == body


async def test_the_livekit_form_grants_what_was_asked_for(world: World, client: ClientSession) -> None:
    async with client.post("/", json={"room_name": "hall", "participant_identity": "desk"}) as answer:
        access = check((await answer.json())["participant_token"], KEY, world.secret)
    assert (access.room, access.identity) == ("hall", "desk")


@pytest.mark.parametrize("path", [path for path, *_ in FORMS[:3]])
async def test_an_agent_must_be_named(client: ClientSession, path: str) -> None:
    async with client.post(path, json={"type": "web"}) as answer:
        assert (answer.status, await answer.json()) == (422, {"detail": "agent_id is required", "status": 422})


@pytest.mark.parametrize("form", FORMS)
async def test_the_key_is_checked(client: ClientSession, form: Form) -> None:
    path, body, *_ = form
    async with client.post(path, json=body, headers={"Authorization": "Bearer other"}) as answer:
        assert (answer.status, (await answer.json())["status"]) == (401, 401)


@pytest.mark.parametrize(
    ("path", "body"),
    [("/v1/voice/session", "[]"), ("/v1/voice/session", '{"agent_id": "a", "metadata": 1}'), ("/v2/calls", '{"agent_id": "a"}')],
)
async def test_bad_parameters_are_refused(client: ClientSession, path: str, body: str) -> None:
    async with client.post(path, data=body) as answer:
        assert answer.status == 400


async def test_a_session_can_be_ended(world: World, client: ClientSession) -> None:
    async with client.post("/v1/voice/session/vs_1/end") as answer:
        assert answer.status == 200
    assert (world.api.ended, world.api.requests) == (["vs_1"], [])


async def test_it_answers_what_it_is_told_to(world: World, client: ClientSession) -> None:
    world.api.replies += [Reply.error(429, "slow down", {"Retry-After": "7"}), Reply(200, "not json")]
    world.api.lifetime = -1.0
    async with client.post("/", json={}) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
    async with client.post("/", json={}) as answer:
        assert await answer.text() == "not json"
    async with client.post("/", json={}) as answer:
        assert answer.status == 201
    assert len(world.api.requests) == 3
