"""A DNS server of the tests' own, small: every name is one address, or refused, or never answered."""

from __future__ import annotations

import asyncio
import socket
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

_ANSWER = b"\x81\x80"
_FAILED = b"\x81\x82"
_HEADER = 12
_A = b"\x00\x01"


class Answer(StrEnum):
    """What it does with a question."""

    RIGHT = "right"
    FAILURE = "failure"
    """SERVFAIL at once."""
    NONE = "none"


class Names(asyncio.DatagramProtocol):
    """`async with Names(address) as names` answers on port 53 of that address, with that address."""

    def __init__(self, address: str) -> None:
        self.answer = Answer.RIGHT
        self.asked = 0
        self._address = address
        self._transport: asyncio.DatagramTransport | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(self._address, 53))
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._transport is not None:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """One question."""
        self.asked += 1
        if self._transport is None or self.answer is Answer.NONE:
            return
        end = data.index(b"\x00", _HEADER) + 5
        question = data[_HEADER:end]
        found = self.answer is Answer.RIGHT and question[-4:-2] == _A
        flags = _ANSWER if self.answer is Answer.RIGHT else _FAILED
        reply = data[:2] + flags + b"\x00\x01" + (b"\x00\x01" if found else b"\x00\x00") + b"\x00\x00\x00\x00" + question
        if found:
            reply += b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04" + socket.inet_aton(self._address)
        self._transport.sendto(reply, addr)
