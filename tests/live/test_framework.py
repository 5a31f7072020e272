"""The agent that production runs: one built on LiveKit's own framework, its state, its words, and first words by byte stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kiosk.audio.frames import RATE
from kiosk.signals import Indication
from kiosk.sim.wav import spoken
from tests.live.hall import PLAIN, SENTENCE, Hall, aligns_sound, figures, heard_whole
from tests.parts.align import align
from tests.parts.framework_agent.agent import FrameworkAgent
from tests.parts.livekit_server import LiveKitServer


@pytest.fixture
async def framework(
    framework_python: Path, server: LiveKitServer, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[FrameworkAgent]:
    """An agent in the room that the test's hall uses."""
    token = server.token("agent", str(request.node.name), kind="agent")
    async with FrameworkAgent(framework_python, server.url, token, tmp_path) as agent:
        yield agent


@aligns_sound
async def test_state_voice_and_words_of_a_framework_agent(
    server: LiveKitServer, framework: FrameworkAgent, request: pytest.FixtureRequest
) -> None:
    async with Hall(server, room=str(request.node.name), talk={"mode": "toggle"}) as hall:
        await hall.call()
        await hall.until(lambda: hall.shown()[-1] == Indication.LISTENING)
        await framework.recognise("Which platform?")
        await framework.say("Platform four.", spoken("answer"))
        await hall.until(lambda: hall.shown()[-1] == Indication.SPEAKING, 5)
        await framework.event("said", timeout=10)
        await hall.until(lambda: hall.shown()[-1] == Indication.LISTENING, 5)
        await asyncio.sleep(1)
        told = [happening for _, happening in hall.happenings if happening.kind == "transcript" and happening.detail["final"]]
        assert {(each.detail["who"], each.words) for each in told} == {("visitor", "Which platform?"), ("agent", "Platform four.")}
        result = await asyncio.to_thread(align, spoken("answer"), hall.ear.heard())
        print(f"\nthe framework agent's answer at the speaker: {figures(result)}")
        assert result.lost_ms == 0


@aligns_sound
@pytest.mark.parametrize("first_words", ["track", "stream"])
async def test_first_words_reach_a_framework_agent(
    server: LiveKitServer, framework: FrameworkAgent, request: pytest.FixtureRequest, first_words: str
) -> None:
    async with Hall(server, room=str(request.node.name), audio=PLAIN, talk={"mode": "hold", "first_words": first_words}) as hall:
        hall.api.delay = 1.0
        begun = await hall.say(SENTENCE)
        hall.panel.press()
        await asyncio.sleep(len(SENTENCE) / RATE + 0.2)
        hall.panel.release()
        await hall.delivered()
        await asyncio.sleep(1.5)
        result = await heard_whole(hall, framework, begun)
        print(f"\nfirst words by {first_words}: {figures(result)}")
        assert result.lost_ms == 0
