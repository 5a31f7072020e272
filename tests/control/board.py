"""A control socket in front of a board that writes down what it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kiosk.control.orders import Done, Loudness, Order, Reloaded
from kiosk.control.record import ConfigurationRecord, SoundRecord, Status
from kiosk.control.server import Control
from kiosk.errors import ControlError, LoanError
from kiosk.machine.states import State
from kiosk.signals import Indication

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
STATUS = Status(
    now=NOW,
    started=NOW,
    state=State.IDLE,
    since=NOW,
    why="started",
    indication=Indication.IDLE,
    microphone="closed",
    faults=(),
    last_error=None,
    call=None,
    sound=SoundRecord(
        microphone=None,
        speaker=None,
        microphone_dbfs=None,
        speaker_dbfs=None,
        speaker_gain_db=0.0,
        microphone_xruns=0,
        speaker_xruns=0,
        uplink_dropped_ms=0.0,
        downlink_dropped_ms=0.0,
        downlink_underruns=0,
        backlog_ms=0.0,
        queue_ms=0.0,
    ),
    configuration=ConfigurationRecord(file="config.yaml", loaded=NOW, mode="hold"),
    versions={"voice-kiosk": "1"},
)


class FakeBoard:
    """A `Board`; `obeyed` is every order and who gave it."""

    def __init__(self) -> None:
        self.obeyed: list[tuple[str, str]] = []
        self.gain = 0.0
        self.borrower: str | None = None
        self.lends: LoanError | None = None
        """Why it does not."""
        self.seconds = 60.0
        self.reloading = 0.0
        """Seconds that a reload takes."""

    async def status(self) -> Status:
        return STATUS

    async def reload(self, who: str) -> Reloaded | None:
        self.obeyed.append(("reload", who))
        await asyncio.sleep(self.reloading)
        return Reloaded(file="config.yaml", applied=("log.words",), waiting=(), restart=(), problems=(), words="in force: log.words")

    def obey(self, order: Order, who: str) -> Done:
        self.obeyed.append((order.value, who))
        return Done(said=f"{order}: done", state=State.IDLE, indication=Indication.IDLE)

    def loudness(self) -> Loudness:
        return Loudness(gain_db=self.gain, configured_db=0.0)

    def set_gain(self, gain_db: float, who: str) -> None:
        self.gain = gain_db

    @asynccontextmanager
    async def lend(self, who: str) -> AsyncGenerator[float]:
        if self.lends:
            raise self.lends
        self.borrower = who
        try:
            yield self.seconds
        finally:
            self.borrower = None

    def present(self) -> Mapping[str, object]:
        return {"state": "idle", "indication": "idle"}


class Desk:
    """A running control."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.board = FakeBoard()
        self.control = Control(path)
        self.control.board = self.board
        self.faults: list[ControlError | None] = []
        self.control.on_fault = self.faults.append

    async def raw(self, data: bytes, limit: float = 5.0) -> bytes:
        """What comes back for these bytes, until the other side closes."""
        async with asyncio.timeout(limit):
            reader, writer = await asyncio.open_unix_connection(self.path)
            writer.write(data)
            with suppress(ConnectionError):
                await writer.drain()
            try:
                answer = await reader.read()
            except ConnectionError:
                answer = b""
            writer.close()
            return answer

    async def ask(self, method: str, target: str, body: bytes = b"") -> tuple[int, dict[str, Any]]:
        """Status code and JSON."""
        head = f"{method} {target} HTTP/1.1\r\nHost: kiosk\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        answer, _, text = (await self.raw(head + body)).partition(b"\r\n\r\n")
        return int(answer.split()[1]), json.loads(text)


async def until(true: Callable[[], object], limit: float = 10.0) -> None:
    """Wait for something to be true."""
    async with asyncio.timeout(limit):
        while not true():  # noqa: ASYNC110 -- anything may make it true
            await asyncio.sleep(0.005)


@asynccontextmanager
async def desk(path: Path) -> AsyncGenerator[Desk]:
    """A control that answers at `path`; at the end nothing of it is left."""
    made = Desk(path)
    running = asyncio.create_task(made.control.run())
    await until(lambda: path.exists() or made.faults)
    try:
        yield made
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
