from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from livekit import rtc

from kiosk.room.agent import STATE, Agent, chosen
from kiosk.room.events import AgentArrived, AgentLeft, AgentState, RoomEvent

AGENT = int(rtc.ParticipantKind.PARTICIPANT_KIND_AGENT)
STANDARD = int(rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD)


@dataclass(frozen=True)
class Person:
    identity: str
    kind: int = STANDARD
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])


def test_an_agent_comes_before_whoever_came_first() -> None:
    assert chosen([Person("a"), Person("b", AGENT), Person("c", AGENT)]) == Person("b", AGENT)
    assert chosen([Person("a"), Person("b")]) == Person("a")
    assert chosen([]) is None


def test_coming_state_and_going() -> None:
    told: list[RoomEvent] = []
    agent = Agent(told.append)
    agent.look([Person("x", AGENT, {STATE: "initializing"})])
    agent.follow("x", {STATE: "listening"})
    agent.follow("x", {STATE: "listening", "other": "1"})
    agent.follow("x", {STATE: "dancing"})
    agent.follow("somebody else", {STATE: "speaking"})
    agent.look([])
    assert told == [AgentArrived("x"), AgentState("initializing"), AgentState("listening"), AgentLeft()]


def test_a_real_agent_takes_the_place_of_a_stand_in() -> None:
    told: list[RoomEvent] = []
    agent = Agent(told.append)
    assert agent.look([Person("a")])
    assert not agent.look([Person("a"), Person("b")])
    assert agent.look([Person("a"), Person("b"), Person("c", AGENT)])
    assert told == [AgentArrived("a"), AgentLeft(), AgentArrived("c")]
    assert agent.identity == "c"
