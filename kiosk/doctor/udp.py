"""The link UDP: whether sound can go by datagrams, directly or over a relay."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlsplit

from kiosk.doctor.findings import Finding, ok, skipped, warning
from kiosk.doctor.stun import TRANSACTION, Reply, Service, reply, request
from kiosk.doctor.visit import Visit
from kiosk.session.resolver import Resolver

OPEN: Final = "open UDP 443 and 10000-20000 to the media servers (docs/operator.md)"
PAUSES: Final = (0.5, 1.0)
"""Seconds after which a request that had no answer is sent again, and then given up."""
SERVICES: Final[tuple[Service, ...]] = ("stun", "turn")


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's, at one port."""

    port: int
    service: Service
    address: str | None
    seconds: float


def judge_udp(host: str | None, answers: list[Answer], ports: tuple[int, ...], path: str | None) -> Finding:
    """`path`: how the sound of the test call went; None without one."""
    figures = {"media_server": host, "path": path, "answers": [f"{each.service}:{each.port}" for each in answers]}
    seen = "; ".join(f"{each.service.upper()} answers at port {each.port} in {1000 * each.seconds:.0f} ms" for each in answers)
    public = next((f", and sees us as {each.address}" for each in answers if each.address), "")
    if path == "udp":
        return ok("udp", f"the test call's sound went by UDP{f'; {seen}{public}' if seen else ''}", **figures)
    if path is not None:
        relay = "over a relay" if path.startswith("turn/") else "by TCP"
        text = f"the test call's sound went {relay} ({path}), which adds delay and gaps{f'; {seen}' if seen else ''}"
        return warning("udp", text, OPEN, **figures)
    if host is None:
        text = "the media server is known only from a session (--session), or once the daemon has been in a call"
        return skipped("udp", text, f"for the firewall: {OPEN}; TCP 443", **figures)
    if answers:
        return ok("udp", f"{host}: {seen}{public}", **figures)
    text = f"{host} does not answer at UDP {' and '.join(map(str, ports))}: it has no STUN there, or something is in between"
    return warning("udp", text, f"{OPEN}; a test call tells for sure: voice-kiosk doctor --session", **figures)


async def udp(visit: Visit) -> Finding:
    """Asks the media server's STUN and TURN, where one is known."""
    known = visit.status.media_server if visit.status else None
    host = urlsplit(visit.grant.url).hostname if visit.grant else known
    answers = await ask(host, visit.means.stun_ports) if host else []
    path = visit.statistics.path if visit.statistics else None
    return judge_udp(host, answers, visit.means.stun_ports, path)


async def ask(host: str, ports: tuple[int, ...]) -> list[Answer]:
    """The answers of the host's first address at these ports."""
    with_name = Resolver()
    try:
        [first, *_] = await with_name.resolve(host, 0, family=cast(Any, 0))
    except OSError:
        return []
    finally:
        await with_name.close()
    found = await asyncio.gather(*(_one(first["host"], port, service) for port in ports for service in SERVICES))
    return [answer for answer in found if answer is not None]


async def _one(address: str, port: int, service: Service) -> Answer | None:
    loop, transaction, began = asyncio.get_running_loop(), os.urandom(TRANSACTION), time.monotonic()
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)) as asking:
        try:
            asking.connect((address, port))
            for pause in PAUSES:
                await loop.sock_sendall(asking, request(service, transaction))
                if (found := await _reply(asking, transaction, pause)) is not None:
                    return Answer(port, found.service, found.address, time.monotonic() - began)
        except OSError:
            # Refused: nobody is there, which is no answer either.
            return None
    return None


async def _reply(asking: socket.socket, transaction: bytes, limit: float) -> Reply | None:
    try:
        async with asyncio.timeout(limit):
            while True:
                if (found := reply(await asyncio.get_running_loop().sock_recv(asking, 2048), transaction)) is not None:
                    return found
    except TimeoutError:
        return None
