"""The link media: its judge at its limits, and calls with the loopback world and with a real media server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from kiosk.doctor.chain import CHAIN
from kiosk.doctor.findings import Finding, Verdict
from kiosk.doctor.media import Talked, judge_media, media
from kiosk.doctor.visit import Visit
from kiosk.doctor.walk import walk
from kiosk.room.protocol import RoomStatistics
from kiosk.session.grant import Grant
from kiosk.sim.world import API_KEY, World
from tests.doctor.helpers import visit
from tests.parts.far_end import FarEnd
from tests.parts.livekit_server import LiveKitServer, server_binary

GOOD = RoomStatistics(rtt_ms=40.0, jitter_ms=5.0, lost=0, received=250, sent=250, lost_on_the_way=0, path="udp")
TALKED = Talked(joined_s=0.4, heard=True, level=-20.0, echo_ms=None, statistics=GOOD)
PARTS = tuple(link for link in CHAIN if link.name in {"key", "dns", "api", "session", "media", "udp"})


def with_(**changes: object) -> Talked:
    return replace(TALKED, statistics=replace(GOOD, **changes))


@pytest.mark.parametrize(
    ("talked", "verdict", "words"),
    [
        (TALKED, Verdict.OK, "joined in 400 ms, round trip 40 ms, jitter 5 ms, lost 0.0% up, 0.0% down, heard -20 dBFS"),
        (replace(TALKED, echo_ms=123.4), Verdict.OK, "its echo of us after 123 ms"),
        (replace(TALKED, level=-60.0), Verdict.OK, "the agent said nothing"),
        (replace(TALKED, heard=False), Verdict.FAILURE, "nobody took our sound within 9 s"),
        (with_(sent=0), Verdict.FAILURE, "no packet left the device"),
        (with_(lost_on_the_way=4), Verdict.OK, "lost 1.6% up"),
        (with_(lost_on_the_way=5), Verdict.WARNING, "lost 2.0% up"),
        (with_(lost_on_the_way=37), Verdict.WARNING, "lost 14.8% up"),
        (with_(lost_on_the_way=38), Verdict.FAILURE, "too much is lost"),
        (with_(received=245, lost=5), Verdict.WARNING, "2.0% down"),
        (with_(received=200, lost=50), Verdict.FAILURE, "20.0% down"),
        (with_(received=250, lost=-3), Verdict.OK, "0.0% down"),
        (with_(lost_on_the_way=None), Verdict.OK, "lost 0.0% down"),
        (with_(received=0), Verdict.OK, "joined in 400 ms, round trip 40 ms, jitter 5 ms, heard"),
        (with_(rtt_ms=299.0), Verdict.OK, "299 ms"),
        (with_(rtt_ms=300.0), Verdict.WARNING, "300 ms"),
        (with_(jitter_ms=39.0), Verdict.OK, "39 ms"),
        (with_(jitter_ms=40.0), Verdict.WARNING, "jitter 40 ms"),
        (with_(rtt_ms=None, jitter_ms=None), Verdict.OK, "joined in 400 ms, lost"),
    ],
)
def test_the_judge(talked: Talked, verdict: Verdict, words: str) -> None:
    finding = judge_media(talked)
    assert (finding.verdict, words in finding.words) == (verdict, True), finding
    assert bool(finding.mend) is (verdict is not Verdict.OK)


async def walked(made: Visit) -> dict[str, Finding]:
    return {finding.link: finding async for finding in walk(PARTS, made)}


async def test_a_call_with_the_loopback_world(tmp_path: Path) -> None:
    settings = {"session": {"agent_id": "a", "url": ""}}
    async with World("echo") as world:
        settings["session"]["url"] = world.api_url
        async with visit(tmp_path, config=settings, environ={"VOICE_KIOSK_API_KEY": API_KEY}, session=True) as made:
            found = await walked(made)
            assert world.api.ended == []
            await made.exits.aclose()
        assert len(world.api.requests) == len(world.api.ended) == 1
    assert {name: finding.verdict for name, finding in found.items()} == dict.fromkeys(found, Verdict.OK), found
    figures = found["media"].figures
    assert figures["path"] == found["udp"].figures["path"] == "udp"
    assert float(str(figures["level_dbfs"])) > -30.0
    assert 0 < float(str(figures["echo_ms"])) < 1000
    assert int(str(figures["sent"])) > 100
    assert API_KEY not in repr(found)
    assert not any("eyJ" in repr(finding) for finding in found.values())


async def test_an_agent_that_only_hears_is_well(tmp_path: Path) -> None:
    async with World("silent") as world, visit(tmp_path) as made:
        made.grant = Grant(world.sfu_url, world.token("r"), None, "r", 1e9)
        finding = await media(made)
    assert finding.verdict is Verdict.OK, finding
    assert finding.figures["echo_ms"] is None
    assert "the agent said nothing" in finding.words


async def test_a_media_server_that_is_not_there(tmp_path: Path, unused_tcp_port: int) -> None:
    async with visit(tmp_path) as made:
        made.grant = Grant(f"ws://127.0.0.1:{unused_tcp_port}", "eyJhbGciOiJIUzI1NiJ9.eyJ4IjoxfQ.c2ln", None, None, 1e9)
        finding = await media(made)
    assert (finding.verdict, finding.figures["code"]) == (Verdict.FAILURE, "server-unreachable")
    assert "eyJ" not in repr(finding)


async def test_without_a_session_there_is_no_call(tmp_path: Path) -> None:
    async with visit(tmp_path) as made:
        assert (await media(made)).verdict is Verdict.SKIPPED


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[LiveKitServer]:
    async with LiveKitServer(server_binary(), tmp_path) as running:
        yield running


async def test_a_real_media_server_and_an_agent(server: LiveKitServer, tmp_path: Path) -> None:
    async with FarEnd(server.url, server.token("agent", "r", kind="agent"), tmp_path / "agent"), visit(tmp_path) as made:
        made.grant = Grant(server.url, server.token("kiosk", "r"), None, "r", 1e9)
        finding = await media(made)
    print(f"\n{finding}")
    assert finding.verdict is Verdict.OK, finding
    assert finding.figures["path"] == "udp"
    assert int(str(finding.figures["sent"])) > 100
    assert finding.figures["lost_up_share"] == 0.0
    assert finding.figures["round_trip_ms"] is not None


async def test_a_real_media_server_without_an_agent(server: LiveKitServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk.doctor.media.HEARING", 2.0)
    async with visit(tmp_path) as made:
        made.grant = Grant(server.url, server.token("kiosk", "empty"), None, "empty", 1e9)
        finding = await media(made)
    assert finding.verdict is Verdict.FAILURE
    assert "nobody took our sound" in finding.words
