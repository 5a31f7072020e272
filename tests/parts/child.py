"""JSON lines between a test and a process of its own: the test's side."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import soxr

from tests.parts.process import ROOT, guarded
from tests.parts.recording import RATE, Recording, Samples, read_wav, write_wav

Event = dict[str, Any]


class Child:
    """A process that obeys JSON lines; `async with` starts it (main thread only) and waits for its event "joined".

    events: everything it told so far, oldest first. log: file with its stderr. LIMIT: seconds for a command.
    """

    LIMIT = 20.0

    def __init__(self, argv: Sequence[str | Path], folder: Path, *, environment: Mapping[str, str] | None = None) -> None:
        self._argv = argv
        self._folder = folder
        self._environment = {**os.environ, **(environment or {}), "PYTHONPATH": str(ROOT)}
        self._process: Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._numbers = itertools.count(1)
        self.events: list[Event] = []
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / "log"

    async def __aenter__(self) -> Self:
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *guarded(self._argv), stdin=PIPE, stdout=PIPE, stderr=log, cwd=ROOT, env=self._environment
            )
        self._reading = asyncio.create_task(self._read(self._process))
        try:
            await self.event("joined", timeout=60.0)
        except BaseException as error:
            await self.kill()
            self._explain(error)
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.leave()
        if error is not None:
            self._explain(error)

    @property
    def pid(self) -> int:
        """The process, for CPU and memory figures."""
        return self._running().pid

    async def ended(self) -> int:
        """Wait for its end; the exit code, negative for a signal."""
        return await asyncio.wait_for(self._running().wait(), self.LIMIT)

    async def ask(self, do: str, **fields: object) -> Event:
        """Has it do something; its answer, RuntimeError where it failed."""
        number = next(self._numbers)
        self._tell({"id": number, "do": do, **fields})
        answer = await self._wait(lambda event: event.get("id") == number, 0, self.LIMIT, do)
        if answer["event"] == "failed":
            raise RuntimeError(str(answer["why"]))
        return answer

    async def event(self, name: str, *, timeout: float = 10.0, after: int = 0, **fields: object) -> Event:
        """The first event of that name and those fields, from `events[after]` on; waits for it, else TimeoutError.

        `after = len(child.events)` before the act makes it the act's own event.
        """
        return await self._wait(
            lambda event: event["event"] == name and all(event.get(key) == value for key, value in fields.items()), after, timeout, name
        )

    async def leave(self) -> None:
        """Leaves the room and ends; by force after 10 s. Nothing happens when it is gone already."""
        process = self._process
        if process is None or process.returncode is not None:
            await self._finish()
            return
        self._tell({"id": 0, "do": "leave"})
        try:
            await asyncio.wait_for(process.wait(), 10.0)
        except TimeoutError:
            process.kill()
        await self._finish()

    async def kill(self) -> None:
        """Ends it without a word, as a crash does."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
        await self._finish()

    def _explain(self, error: BaseException) -> None:
        error.add_note(f"{self.log} ends with:\n" + "\n".join(self.log.read_text(errors="replace").splitlines()[-20:]))

    async def _finish(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        await process.wait()
        if self._reading is not None:
            await self._reading
        if process.stdin is not None:
            process.stdin.close()

    async def _read(self, process: Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            self.events.append(cast(Event, json.loads(line)))
            self._news.set()
        self.events.append({"event": "ended", "at": time.monotonic()})
        self._news.set()

    async def _wait(self, wanted: Callable[[Event], bool], after: int, timeout: float, what: str) -> Event:
        seen = after
        deadline = time.monotonic() + timeout
        while True:
            for event in self.events[seen:]:
                if wanted(event):
                    return event
            seen = max(after, len(self.events))
            if self.events and self.events[-1]["event"] == "ended":
                raise RuntimeError(f"the process ended before {what}; see {self.log}")
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                raise TimeoutError(f"no {what} within {timeout} s; last events: {self.events[-5:]}") from None

    def _tell(self, command: Event) -> None:
        process = self._running()
        assert process.stdin is not None
        process.stdin.write((json.dumps(command) + "\n").encode())

    def _running(self) -> Process:
        if self._process is None:
            raise RuntimeError("the process is not running")
        return self._process


class Ear(Child):
    """A far end that records what it hears and can speak."""

    async def heard(self) -> Recording:
        """Everything heard up to now, silence included (100 frames a second while a track is there)."""
        answer = await self.ask("heard")
        return await asyncio.to_thread(Recording.load, Path(answer["stem"]))

    def _voice(self, voice: Path | Samples) -> Path:
        """A 48 kHz file of it."""
        samples, rate = read_wav(voice) if isinstance(voice, Path) else (voice, RATE)
        path = self._folder / f"voice-{time.monotonic_ns()}.wav"
        write_wav(path, samples if rate == RATE else soxr.resample(samples, rate, RATE))
        return path


PYTHON = Path(sys.executable)
"""The tests' own Python, for children that need the same libraries."""
