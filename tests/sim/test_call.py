"""The real SDK in a call with the loopback agent."""

from __future__ import annotations

import asyncio
import json

import numpy as np
from livekit import rtc

from kiosk.audio.frames import RATE, silence
from kiosk.sim.agent import IDENTITY, RECORDED_TOPIC
from kiosk.sim.trace import trace
from kiosk.sim.wav import ANSWER_WORDS, spoken
from kiosk.sim.world import World
from tests.sim.guest import Guest, eventually, joined


def _states(guest: Guest) -> list[str]:
    return [arguments[0]["lk.agent.state"] for name, arguments in guest.events if name == "participant_attributes_changed"]


async def test_a_sentence_is_heard_whole_and_answered_aloud() -> None:
    async with World() as world, joined(world.sfu_url, world.token("hall")) as guest:
        await guest.publish()
        speech = spoken("visitor")
        await guest.speak(np.concatenate([speech, silence(100)]))
        await eventually(lambda: len(world.agent.said) == 2 and world.agent.state == "listening", 15)
        agent = world.agent_of("hall")
        assert trace(speech, agent.heard.samples).likeness > 0.95
        assert agent.lost == 0
        assert trace(spoken("answer"), guest.sound).likeness > 0.8
        assert trace(speech, guest.sound).likeness > 0.8
        assert [said.whole for said in agent.said] == [True, True]
        await eventually(lambda: _states(guest) == ["listening", "thinking", "speaking", "listening"])


async def test_transcripts_come_as_livekit_agents_send_them() -> None:
    async with World() as world, joined(world.sfu_url, world.token("hall")) as guest:
        await guest.publish()
        await guest.speak(np.concatenate([spoken("visitor")[: RATE * 2], silence(100)]))
        await eventually(lambda: len(guest.texts) == 3)
        assert guest.publication is not None
        (_, _, interim), (who, text, final), (speaker, words, said) = guest.texts
        assert (who, text[-13:], speaker, words) == ("visitor", " s of speech)", IDENTITY, ANSWER_WORDS)
        assert interim == final | {"lk.transcription_final": "false"}
        assert (final["lk.transcribed_track_id"], final["lk.transcription_final"]) == (guest.publication.sid, "true")
        assert (said["lk.transcribed_track_id"], said["lk.transcription_final"]) == (world.agent.info().tracks[0].sid, "true")


async def test_it_stops_when_spoken_to() -> None:
    async with World(greeting=True) as world, joined(world.sfu_url, world.token("hall")) as guest:
        await guest.publish()
        await guest.speak(np.concatenate([silence(50), spoken("visitor")[: RATE * 2]]))
        assert [said.whole for said in world.agent.said] == [False]
        assert world.agent.state == "listening"


async def test_every_packet_comes_back_at_once_in_echo_mode() -> None:
    async with World("echo") as world, joined(world.sfu_url, world.token("hall")) as guest:
        await guest.publish()
        await guest.speak(np.concatenate([spoken("visitor"), silence(50)]))
        assert trace(spoken("visitor"), guest.sound).likeness > 0.8


async def test_data_goes_both_ways(world: World) -> None:
    async with joined(world.sfu_url, world.token("hall")) as guest:
        await guest.room.local_participant.publish_data(b'{"a": 1}', topic="menu")
        await eventually(lambda: list(world.agent.messages) == [("menu", b'{"a": 1}')])
        world.agent.send_json({"b": [2]}, topic="menu")
        (packet,) = await guest.event("data_received")
        assert (json.loads(packet.data), packet.topic, packet.participant.identity) == ({"b": [2]}, "menu", IDENTITY)


async def test_recorded_audio_comes_before_the_track(world: World) -> None:
    speech = spoken("visitor")
    recorded, live = speech[:RATE], speech[RATE:]
    async with joined(world.sfu_url, world.token("hall")) as guest:
        await guest.publish(preconnect=True)
        assert guest.publication is not None
        speaking = asyncio.create_task(guest.speak(np.concatenate([live, silence(30)])))
        attributes = {"trackId": guest.publication.sid, "sampleRate": str(RATE), "channels": "1"}
        writer = await guest.room.local_participant.stream_bytes(
            "recording", topic=RECORDED_TOPIC, attributes=attributes, destination_identities=[IDENTITY]
        )
        await writer.write(recorded.tobytes())
        await writer.aclose()
        await speaking
        heard = world.agent.heard
        assert np.array_equal(heard.samples[:RATE], recorded)
        assert trace(live, heard.samples[RATE:]).likeness > 0.95
        assert heard.arrived(0) < heard.arrived(len(heard.samples) - 1)


async def test_the_agent_is_an_agent_and_may_come_late(world: World) -> None:
    world.sfu.faults.agent_delay = 0.3
    async with joined(world.sfu_url, world.token("hall")) as guest:
        assert not guest.room.remote_participants
        await guest.event("participant_connected")
        (agent,) = guest.room.remote_participants.values()
        assert agent.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
        await eventually(lambda: len(guest.sound) > 0)
