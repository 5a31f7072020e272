"""The main job on real parts: button, session, room, voice both ways, light, and the end."""

from __future__ import annotations

import asyncio
import time

import pytest

from kiosk.machine.events import Event, On
from kiosk.machine.states import State
from kiosk.signals import Indication
from kiosk.sim.wav import spoken
from tests.live.hall import PLAIN, SENTENCE, Hall, aligns_sound, figures, heard_whole
from tests.parts.align import align
from tests.parts.livekit_server import LiveKitServer

ANSWER = spoken("answer")


@aligns_sound
async def test_the_agents_answer_arrives_at_the_speaker(server: LiveKitServer) -> None:
    async with Hall(server) as hall:
        agent = await hall.agent()
        await hall.call()
        await asyncio.sleep(0.5)
        begun = await agent.play(ANSWER)
        await asyncio.sleep(len(ANSWER) / 48_000 + 1.0)
        result = await asyncio.to_thread(align, ANSWER, hall.ear.heard(begun - 0.1))
        print(f"\nanswer at the speaker: {figures(result)}")
        assert result.lost_ms == 0


async def test_hold_mutes_between_presses_and_keeps_the_session(server: LiveKitServer) -> None:
    async with Hall(server) as hall:
        agent = await hall.agent()
        await hall.call()
        hall.panel.release()
        await agent.event("mute", timeout=3)
        await hall.until(lambda: hall.shown()[-1] == Indication.MUTED)
        hall.panel.press()
        await agent.event("unmute", timeout=3)
        assert hall.panel.contact
        assert len(hall.api.requests) == 1
        assert hall.state is State.LIVE


async def test_toggle_ends_with_the_second_press_and_ends_the_session(server: LiveKitServer) -> None:
    async with Hall(server, talk={"mode": "toggle"}) as hall:
        agent = await hall.agent()
        await hall.call()
        hall.panel.release()
        await asyncio.sleep(0.3)
        hall.panel.press()
        await hall.until(State.IDLE, 0.5)
        await agent.event("left", timeout=3)
        await hall.until(lambda: len(hall.api.ended) == 1, 3)
        assert hall.shown() == ["idle", "connecting", "listening", "idle"]


async def test_vad_wakes_ends_with_silence_and_takes_a_press_too(server: LiveKitServer) -> None:
    async with Hall(server, talk={"mode": "vad"}, session={"idle_timeout": "5s"}) as hall:
        await hall.agent()
        await hall.say(SENTENCE)
        await hall.until(State.LIVE)
        await asyncio.sleep(len(SENTENCE) / 48_000)
        silent = time.monotonic()
        assert 3.0 < await hall.until(State.IDLE, 9.0) - silent < 8.0
        hall.panel.press()
        await hall.until(State.LIVE)
        hall.panel.release()
        await asyncio.sleep(0.1)
        hall.panel.press()
        await hall.until(State.IDLE, 0.5)


FORMS = {
    "voice-session": ("/v1/voice/session", {"agent_id": "hall", "metadata": {"desk": 4}, "tts_voice": "ada", "first_message": "Hello"}),
    "voice-start": ("/voice/start", {"agent_id": "hall", "context": {"desk": 4, "tts_voice": "ada", "first_message": "Hello"}}),
    "calls": ("/v2/calls", {"type": "web", "agent_id": "hall", "metadata": {"desk": 4}}),
}


@pytest.mark.parametrize("form", FORMS)
async def test_every_form_of_the_api_becomes_a_call(server: LiveKitServer, form: str) -> None:
    session = {"form": form, "metadata": {"desk": 4}, "tts_voice": "ada", "first_message": "Hello"}
    async with Hall(server, session=session) as hall:
        await hall.agent()
        await hall.call()
        path, body = FORMS[form]
        assert [request.path for request in hall.api.requests] == [path]
        assert body.items() <= hall.api.requests[0].body.items()


async def test_livekits_own_token_endpoint_becomes_a_call(server: LiveKitServer) -> None:
    async with Hall(server, session={"form": "livekit", "participant_identity": "kiosk-7"}) as hall:
        await hall.agent()
        await hall.call()
        assert hall.api.requests[0].body["participant_identity"] == "kiosk-7"
        assert [who["identity"] for who in await server.participants(hall.room) if who["identity"] != "agent"] == ["kiosk-7"]


async def test_a_token_that_expires_before_the_join_is_replaced_unnoticed(server: LiveKitServer) -> None:
    async with Hall(server) as hall:
        await hall.agent()
        hall.lifetimes = [2.0]
        taken = await hall.call()
        print(f"\npress to live over an expiring token: {taken * 1000:.0f} ms")
        assert len(hall.api.requests) == 2
        assert "reconnecting" not in hall.shown()


async def test_a_held_session_connects_a_press_at_once(server: LiveKitServer) -> None:
    async with Hall(server, session={"prefetch": True}) as hall:
        await hall.agent()
        await hall.until(lambda: len(hall.api.requests) == 1)
        hall.api.delay = 5.0
        taken = await hall.call()
        print(f"\npress to live with a held session: {taken * 1000:.0f} ms")
        assert taken < 2.0


async def test_the_room_speaks_to_the_chronicle(server: LiveKitServer) -> None:
    async with Hall(server) as hall:
        agent = await hall.agent()
        await hall.call()
        await agent.state("thinking")
        await hall.until(lambda: hall.shown()[-1] == Indication.THINKING)
        await agent.state("speaking")
        await hall.until(lambda: hall.shown()[-1] == Indication.SPEAKING)
        await agent.state("listening")
        await hall.until(lambda: hall.shown()[-1] == Indication.LISTENING)
        for shape in ("data", "packet", "stream"):
            await agent.transcript(f"words by {shape}", shape=shape, segment=shape)
        await agent.data({"platform": 4}, topic="board")
        await hall.until(lambda: "message" in hall.kinds(), 5)
        await asyncio.sleep(1)
        told = [happening for _, happening in hall.happenings if happening.kind == "transcript"]
        assert [each.words for each in told if each.detail["final"]] == ["words by data", "words by packet", "words by stream"]
        assert {"connected", "track subscribed"} <= set(hall.kinds())


async def test_a_room_that_is_deleted_ends_the_call_without_a_rejoin(server: LiveKitServer) -> None:
    async with Hall(server) as hall:
        await hall.agent()
        await hall.call()
        await server.delete_room(hall.room)
        await hall.until(State.IDLE, 2.0)
        await asyncio.sleep(2.0)
        assert hall.state is State.IDLE
        assert len(hall.api.requests) == 1


@aligns_sound
async def test_a_call_survives_the_media_server(server: LiveKitServer) -> None:
    async with Hall(server, audio=PLAIN, talk={"mode": "toggle"}) as hall:
        first = await hall.agent()
        await hall.call()
        await first.kill()  # it would come back under the same name and throw the second one out
        server.kill()
        await hall.until(lambda: hall.state in (State.RESUMING, State.RETRYING), 10)
        await asyncio.sleep(1.0)
        server.restart()
        healed = time.monotonic()
        again = await hall.agent()
        back = await hall.audible(30.0) - healed
        print(f"\nback {back:.1f} s after the media server is up")
        begun = await hall.say(SENTENCE)
        await asyncio.sleep(len(SENTENCE) / 48_000 + 1.5)
        result = await heard_whole(hall, again, begun)
        assert result.lost_ms == 0
        assert "reconnecting" in hall.shown()


async def test_stopping_leaves_the_room_and_darkens_within_3_s(server: LiveKitServer) -> None:
    async with Hall(server) as hall:
        agent = await hall.agent()
        await hall.call()
        told = time.monotonic()
        hall.device.dispatcher.post(Event(On.STOP))
        await agent.event("left", timeout=3)
        await hall.until(lambda: len(hall.api.ended) == 1, 3)
        assert time.monotonic() - told < 3.0
        assert hall.shown()[-1] == Indication.OFF
