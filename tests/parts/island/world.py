"""A kiosk on an island and the world that it calls: session API, DNS and media server, all by TLS and by name, as in the wild."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import trustme

from kiosk.sim.api import SessionApi
from tests.parts.child import PYTHON, Child, Event
from tests.parts.far_end import FarEnd
from tests.parts.island.island import Island
from tests.parts.island.names import Names
from tests.parts.island.tls import TlsFront
from tests.parts.livekit_server import LiveKitServer
from tests.parts.recording import Samples, read_wav, write_wav
from tests.parts.tls import serving

KEY: Final = "island-key"
API, MEDIA = "api.kiosk.test", "media.kiosk.test"

PLAIN: Final[Mapping[str, Any]] = {"echo_cancellation": False, "noise_suppression": False, "gain_control": False}


class World:
    """`async with World(livekit_binary, folder, **sections) as world`: the kiosk runs, `agent()` brings the agent, `call()` presses.

    Sections change the kiosk's configuration. All times are monotonic seconds, the same in every process.
    """

    def __init__(self, binary: Path, folder: Path, *, connected: bool = True, **sections: Mapping[str, Any]) -> None:
        self.room = f"island-{time.monotonic_ns()}"
        self.island = Island(folder)
        self.names = Names(self.island.gateway)
        self.server = LiveKitServer(binary, folder, node_ip=self.island.gateway)
        self.kiosk: Child
        self.far: FarEnd
        self.started = 0.0
        """When the kiosk's process was."""
        self._connected, self._sections, self._folder = connected, sections, folder
        self._authority = trustme.CA()
        self._context = serving(self._authority.issue_cert(API, MEDIA))
        self._front = TlsFront(self.island.gateway, self.server.port, self._context)
        self.api = SessionApi(KEY, lambda: f"wss://{MEDIA}:{self._front.port}", self._mint)
        self._api_front: TlsFront
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            await self._build()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._stack.aclose()

    async def _build(self) -> None:
        enter = self._stack.enter_async_context
        await enter(self.island)
        for part in (self.names, self.server, self._front, self.api):
            await enter(part)
        self._api_front = await enter(TlsFront(self.island.gateway, int(self.api.url.rpartition(":")[2]), self._context))
        authority = self._folder / "authority.pem"
        self._authority.cert_pem.write_to_path(str(authority))
        if not self._connected:
            await self.island.cut()
        environment = {"SSL_CERT_FILE": str(authority), "VOICE_KIOSK_API_KEY": KEY}
        self.started = time.monotonic()
        argv = [*self.island.command, PYTHON, "-m", "tests.parts.island.kiosk_main", json.dumps(self._configuration())]
        self.kiosk = await enter(Child(argv, self._folder / "kiosk", environment=environment))

    async def agent(self) -> FarEnd:
        """An agent, on the server's own machine: what happens to the kiosk's network does not touch it."""
        token = self.server.token("agent", self.room, kind="agent")
        self.far = await self._stack.enter_async_context(FarEnd(self.server.url, token, self._folder / f"agent-{time.monotonic_ns()}"))
        return self.far

    async def call(self) -> None:
        """The agent comes, the visitor presses, and the agent hears him."""
        await self.shown("idle")
        await self.agent()
        await self.kiosk.ask("press")
        await self.shown("listening")
        await self.kiosk.ask("release")

    async def shown(self, indication: str, *, after: int = 0, timeout: float = 20.0) -> float:
        """When the LED is told to show this, from `kiosk.events[after]` on."""
        return float((await self.kiosk.event("told", kind="state", indication=indication, after=after, timeout=timeout))["at"])

    async def say(self, samples: Samples) -> float:
        """The visitor speaks (48 kHz); when he began."""
        path = self._folder / f"said-{time.monotonic_ns()}.wav"
        write_wav(path, samples)
        return float((await self.kiosk.ask("say", file=str(path)))["began"])

    async def played(self, since: float) -> Samples:
        """What the speaker has played since then, 48 kHz."""
        answer = await self.kiosk.ask("heard", since=since, until=time.monotonic())
        samples, _ = await asyncio.to_thread(read_wav, Path(answer["file"]))
        return np.asarray(samples, dtype=np.int16)

    async def heard(self, since: float) -> Samples:
        """What the agent has heard since then, 48 kHz."""
        return (await self.far.heard()).since(since).samples

    async def agent_hears(self, since: float, timeout: float) -> float:
        """When the first sound that came to the agent after `since` was at its ear; TimeoutError when none comes."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            loud = (await self.far.heard()).since(since).first_loud()
            if loud is not None:
                return loud
            await asyncio.sleep(0.2)
        told = [(round(event["at"] - since, 1), event.get("indication", event["kind"])) for event in self.kiosk.events if "kind" in event]
        raise TimeoutError(
            f"the agent has heard nothing for {timeout} s; the kiosk told since then: {[each for each in told if each[0] > 0]}"
        )

    def told(self, kind: str, after: int = 0) -> list[Event]:
        """What the kiosk wrote down of that kind."""
        return [event for event in self.kiosk.events[after:] if event["event"] == "told" and event["kind"] == kind]

    def lights(self, after: int = 0) -> list[str]:
        """What the LED was told to show, in order."""
        return [str(event["indication"]) for event in self.told("state", after)]

    def _configuration(self) -> dict[str, Any]:
        base: dict[str, dict[str, Any]] = {
            "session": {"url": f"https://{API}:{self._api_front.port}", "agent_id": "island"},
            "talk": {"mode": "toggle"},
            "audio": {**PLAIN, "latency": "40ms"},
            "led": {"pin": 18},
        }
        return {name: {**base.get(name, {}), **self._sections.get(name, {})} for name in {**base, **self._sections}}

    def _mint(self, identity: str, room: str, lifetime: float) -> str:
        return self.server.token(identity, self.room, ttl=lifetime)
