"""Not one word lost: a sentence spoken from the very moment of the press arrives whole, however long the connection takes."""

from __future__ import annotations

import asyncio

import pytest

from kiosk.audio.frames import RATE
from kiosk.machine.states import State
from tests.live.hall import PLAIN, SENTENCE, Hall, aligns_sound, figures, heard_whole
from tests.parts.livekit_server import LiveKitServer

pytestmark = aligns_sound

SPOKEN = len(SENTENCE) / RATE
"""Seconds that the sentence lasts."""


@pytest.mark.parametrize("delay", [0.0, 1.0, 5.0])
@pytest.mark.parametrize("mode", ["hold", "toggle"])
async def test_a_press_loses_nothing(server: LiveKitServer, mode: str, delay: float) -> None:
    async with Hall(server, audio=PLAIN, talk={"mode": mode}) as hall:
        agent = await hall.agent()
        hall.api.delay = delay
        begun = await hall.say(SENTENCE)
        hall.panel.press()
        await asyncio.sleep(SPOKEN + 0.2)
        hall.panel.release()
        await hall.delivered()
        result = await heard_whole(hall, agent, begun)
        print(f"\n{mode}, token delay {delay:g} s\n{figures(result)}")
        assert hall.state is State.LIVE
        assert result.lost_ms == 0


@pytest.mark.parametrize("delay", [0.0, 1.0, 5.0])
async def test_speech_that_wakes_loses_nothing(server: LiveKitServer, delay: float) -> None:
    async with Hall(server, audio=PLAIN, talk={"mode": "vad"}) as hall:
        agent = await hall.agent()
        hall.api.delay = delay
        begun = await hall.say(SENTENCE)
        await asyncio.sleep(SPOKEN + 0.2)
        await hall.delivered()
        result = await heard_whole(hall, agent, begun)
        print(f"\nvad, token delay {delay:g} s\n{figures(result)}")
        assert result.lost_ms == 0
