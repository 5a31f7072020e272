"""STUN and TURN: our datagrams as RFC 5389 and its test vectors (RFC 5769) have them, and small servers on real UDP."""

from __future__ import annotations

import asyncio
import ipaddress
import struct
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.doctor.findings import Verdict
from kiosk.doctor.stun import COOKIE, Reply, reply, request
from kiosk.doctor.udp import Answer, ask, judge_udp, udp
from kiosk.room.protocol import RoomStatistics
from kiosk.session.grant import Grant
from tests.control.board import STATUS
from tests.doctor.helpers import visit

ID = bytes.fromhex("b7e7a701bc34d686fa87dfae")
IPV4 = bytes.fromhex(
    "0101003c2112a442b7e7a701bc34d686fa87dfae"
    "8022000b7465737420766563746f7220"
    "002000080001a147e112a643"
    "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7"
    "80280004c07d4c96"
)
"""RFC 5769, 2.2: a binding response from 192.0.2.1:32853."""
IPV6 = bytes.fromhex(
    "010100482112a442b7e7a701bc34d686fa87dfae"
    "8022000b7465737420766563746f7220"
    "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
    "00080014a382954e4be67bf11784c97c8292c275bfe3ed41"
    "80280004c8fb0b4c"
)
"""RFC 5769, 2.3: from [2001:db8:1234:5678:11:2233:4455:6677]:32853."""
SEEN = Answer(3478, "stun", "192.0.2.1:4711", 0.02)
RELAY = Answer(443, "turn", None, 0.03)
PORTS = (3478, 443)


def test_requests() -> None:
    assert request("stun", ID) == bytes.fromhex("000100002112a442") + ID
    assert request("turn", ID) == bytes.fromhex("000300082112a442") + ID + bytes.fromhex("0019000411000000")


def test_the_rfcs_own_answers() -> None:
    assert reply(IPV4, ID) == Reply("stun", "192.0.2.1:32853")
    assert reply(IPV6, ID) == Reply("stun", "[2001:db8:1234:5678:11:2233:4455:6677]:32853")


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (struct.pack(">HHI", 0x0101, 0, COOKIE) + ID, Reply("stun", None)),
        (struct.pack(">HHI", 0x0111, 0, COOKIE) + ID, Reply("stun", None)),
        (struct.pack(">HHI", 0x0113, 0, COOKIE) + ID, Reply("turn", None)),
        (struct.pack(">HHI", 0x0103, 0, COOKIE) + ID, Reply("turn", None)),
        (struct.pack(">HHI", 0x0001, 0, COOKIE) + ID, None),
        (struct.pack(">HHI", 0x0104, 0, COOKIE) + ID, None),
        (struct.pack(">HHI", 0x0101, 4, COOKIE) + ID, None),
        (struct.pack(">HHI", 0x0101, 0, COOKIE + 1) + ID, None),
        (struct.pack(">HHI", 0x0101, 0, COOKIE) + bytes(12), None),
        (struct.pack(">HHI", 0x0101, 8, COOKIE) + ID + struct.pack(">HHBBH", 0x0020, 4, 0, 1, 1), Reply("stun", None)),
        (
            struct.pack(">HHI", 0x0101, 12, COOKIE) + ID + struct.pack(">HHBBHI", 0x0001, 8, 0, 1, 80, 0x7F000001),
            Reply("stun", "127.0.0.1:80"),
        ),
        (struct.pack(">HHI", 0x0101, 12, COOKIE) + ID + struct.pack(">HHBBHI", 0x0001, 8, 0, 9, 80, 0x7F000001), Reply("stun", None)),
        (b"", None),
        (IPV4[:19], None),
        (IPV4[:-1], None),
        (IPV4 + b"x", None),
    ],
)
def test_other_datagrams(data: bytes, found: Reply | None) -> None:
    assert reply(data, ID) == found


@given(st.binary(max_size=100), st.integers(0, 0xFFFF))
def test_no_datagram_breaks_it(body: bytes, kind: int) -> None:
    body += bytes(-len(body) % 4)
    assert reply(body, ID) is None
    found = reply(struct.pack(">HHI", kind, len(body), COOKIE) + ID + body, ID)
    assert found is None or found.service in ("stun", "turn")


@pytest.mark.parametrize(
    ("host", "answers", "path", "verdict", "words"),
    [
        (None, [], None, Verdict.SKIPPED, "--session"),
        ("m.example", [], None, Verdict.WARNING, "does not answer at UDP 3478 and 443"),
        ("m.example", [SEEN], None, Verdict.OK, "STUN answers at port 3478 in 20 ms, and sees us as 192.0.2.1:4711"),
        ("m.example", [RELAY], None, Verdict.OK, "TURN answers at port 443 in 30 ms"),
        ("m.example", [], "udp", Verdict.OK, "went by UDP"),
        ("m.example", [SEEN], "udp", Verdict.OK, "went by UDP; STUN answers"),
        ("m.example", [], "tcp", Verdict.WARNING, "by TCP (tcp)"),
        ("m.example", [SEEN], "turn/udp", Verdict.WARNING, "over a relay (turn/udp)"),
        ("m.example", [], "turn/tls", Verdict.WARNING, "over a relay (turn/tls)"),
    ],
)
def test_udp(host: str | None, answers: list[Answer], path: str | None, verdict: Verdict, words: str) -> None:
    finding = judge_udp(host, answers, PORTS, path)
    assert (finding.verdict, words in finding.words) == (verdict, True), finding
    assert bool(finding.mend) is (verdict is not Verdict.OK)


class Server(asyncio.DatagramProtocol):
    """Answers as it is told."""

    def __init__(self, answer: Callable[[bytes, tuple[str, int]], bytes]) -> None:
        self._answer = answer
        self.asked: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked.append(data)
        if told := self._answer(data, addr):
            self._transport.sendto(b"\0" * 30, addr)
            self._transport.sendto(told, addr)


def truth(data: bytes, addr: tuple[str, int]) -> bytes:
    """A server with STUN and TURN, as coturn answers."""
    if data[:2] == b"\x00\x03":
        return struct.pack(">HHI", 0x0113, 0, COOKIE) + data[8:20]
    address = int(ipaddress.ip_address(addr[0])) ^ COOKIE
    return struct.pack(">HHI", 0x0101, 12, COOKIE) + data[8:20] + struct.pack(">HHBBHI", 0x0020, 8, 0, 1, addr[1] ^ (COOKIE >> 16), address)


@asynccontextmanager
async def serving(answer: Callable[[bytes, tuple[str, int]], bytes]) -> AsyncGenerator[tuple[int, Server]]:
    server = Server(answer)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: server, local_addr=("127.0.0.1", 0))
    try:
        yield transport.get_extra_info("sockname")[1], server
    finally:
        transport.close()
        await asyncio.sleep(0)


async def test_a_real_server_answers_both() -> None:
    async with serving(truth) as (port, _):
        answers = await ask("127.0.0.1", (port,))
    assert [(each.port, each.service) for each in answers] == [(port, "stun"), (port, "turn")]
    assert (answers[0].address or "").startswith("127.0.0.1:")


async def test_a_question_that_is_lost_is_asked_again() -> None:
    lost: set[bytes] = set()

    def forgetful(data: bytes, addr: tuple[str, int]) -> bytes:
        if data not in lost:
            lost.add(data)
            return b""
        return truth(data, addr)

    async with serving(forgetful) as (port, _):
        assert len(await ask("127.0.0.1", (port,))) == 2


async def test_a_server_that_says_nothing_or_is_not_there(unused_udp_port: int) -> None:
    async with serving(lambda _data, _addr: b"") as (port, server):
        assert await ask("127.0.0.1", (port, unused_udp_port)) == []
        assert len(server.asked) == 4
    assert await ask("doctor.invalid", (3478,)) == []


async def test_the_server_of_the_session_or_of_the_daemons_last_call_is_asked(tmp_path: Path) -> None:
    async with serving(truth) as (port, _), visit(tmp_path, stun_ports=(port,)) as made:
        assert (await udp(made)).verdict is Verdict.SKIPPED
        made.status = STATUS.model_copy(update={"media_server": "127.0.0.1"})
        assert (await udp(made)).verdict is Verdict.OK
        made.status, made.grant = None, Grant("wss://127.0.0.1:7880", "t", None, None, 0.0)
        assert (await udp(made)).verdict is Verdict.OK
        made.statistics = RoomStatistics(path="tcp")
        assert (await udp(made)).verdict is Verdict.WARNING
