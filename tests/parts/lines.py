"""JSON lines between a test and a process of its own: the process's side.

In, on stdin: {"id": 7, "do": "play", …}. Out, on stdout: {"event": "done", "id": 7, …} or {"event": "failed", "id": 7, "why": …}, and
events of its own accord; each carries "at", CLOCK_MONOTONIC seconds, comparable between the processes of a machine.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

Handler = Callable[..., Awaitable[Mapping[str, object] | None]]
"""Called with a command's fields; what it returns goes into the answer."""


def emit(event: str, **fields: object) -> None:
    """Tells the test."""
    sys.stdout.write(json.dumps({"event": event, "at": time.monotonic(), **fields}) + "\n")
    sys.stdout.flush()


async def serve(handlers: Mapping[str, Handler]) -> None:
    """Obeys commands one after the other until one is "leave" (answered by the caller's end) or stdin ends."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        command = cast(dict[str, Any], json.loads(line))
        number, do = command.pop("id"), str(command.pop("do"))
        if do == "leave":
            return
        try:
            emit("done", id=number, **(await handlers[do](**command) or {}))
        except Exception as error:  # the test is to see every failure, and the process to go on
            emit("failed", id=number, why=f"{do}: {error!r}")
