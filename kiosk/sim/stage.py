"""The demo's stage: the daemon's own Device with its edges swapped for simulated ones, and the world that it calls."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kiosk.app import Device, Edges
from kiosk.audio.ports import SoundCard
from kiosk.config.loader import parse
from kiosk.config.model import Config
from kiosk.config.secrets import Secret
from kiosk.control.server import Control
from kiosk.edges import call_maker, canceller
from kiosk.panel.panel import Panel
from kiosk.session.tokens import Tokens
from kiosk.signals import Mode
from kiosk.sim.agent import Mode as AgentMode
from kiosk.sim.api import SessionApi
from kiosk.sim.panel import SimPanel
from kiosk.sim.sfu.access import mint
from kiosk.sim.soundcard import SimulatedCard
from kiosk.sim.world import API_KEY, World
from kiosk.system.notify import Notifier

AGENT_ID: Final = "loopback-agent"
LOOPBACK_RATE: Final = 60
"""Sessions a minute that the loopback API may be asked for: whoever plays with the demo meets no budget."""

SIMULATED_LATENCY: Final = "40ms"
"""Buffer of the simulated sound card: it has no interrupts but a thread among Python's others, which may be 15 ms late."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What of the world is real. `session_url` (with `key`) is a voice API; `server` a media server that the loopback API gives tokens for,
    signed with `server_keys` (API key and secret). Neither: all of it is on loopback ports of this process."""

    mode: Mode = "hold"
    session_url: str | None = None
    agent_id: str = AGENT_ID
    key: Secret | None = None
    server: str | None = None
    server_keys: tuple[Secret, Secret] | None = None
    card: SoundCard | None = None
    """The machine's own sound card; None: a simulated one."""
    agent: AgentMode = "answer"
    socket: Path | None = None
    """Where the demo's kiosk can be asked, if anywhere."""


def configuration(setting: Setting, url: str) -> Config:
    """The demo's configuration with the session API at `url`; ConfigError when the options do not go together."""
    session: dict[str, object] = {"url": url, "agent_id": setting.agent_id}
    if setting.session_url is None:
        session["requests_per_minute"] = LOOPBACK_RATE
    values: Mapping[str, object] = {
        "session": session,
        "talk": {"mode": setting.mode},
        "audio": {} if setting.card else {"latency": SIMULATED_LATENCY},
        "led": {"rgb": [5, 6, 13], "brightness": 1.0},
        "log": {"level": "warning", "words": True},
    }
    return parse(json.dumps(values).encode(), "options")


class Stage:
    """A place to put a Device on. `world` and `simulated` are None where the real thing takes their place."""

    def __init__(self, setting: Setting, url: str, key: Secret | None, world: World | None) -> None:
        self.setting = setting
        self.world = world
        self.panel = SimPanel()
        self.simulated = SimulatedCard() if setting.card is None else None
        self._card: SoundCard = setting.card or self.simulated or SimulatedCard()
        self._url = url
        self._key = key

    def device(self, mode: Mode, quit_now: Callable[[], None]) -> Device:
        """The kiosk itself; one at a time. On the running event loop."""
        config = configuration(self.setting, self._url)
        config = config.model_copy(update={"talk": config.talk.model_copy(update={"mode": mode})})
        edges = Edges(
            card=self._card,
            canceller=canceller,
            panel=Panel(config.button, config.led, self.panel),
            tokens=Tokens(config.session, self._key),
            call_maker=call_maker,
            notify=Notifier(),
            control=Control(self.setting.socket) if self.setting.socket else None,
        )
        return Device(config, edges, quit_now)


@asynccontextmanager
async def stage(setting: Setting) -> AsyncGenerator[Stage]:
    """What the setting asks for, running on this event loop until the end of the block."""
    for chatty in ("aiortc", "aioice"):
        # They take a cut network, which is asked for here, for news.
        logging.getLogger(chatty).setLevel(logging.CRITICAL)
    async with AsyncExitStack() as stack:
        if setting.session_url is not None:
            yield Stage(setting, setting.session_url, setting.key, None)
        elif setting.server is not None:
            api = await stack.enter_async_context(_tokens_for(setting.server, setting.server_keys))
            yield Stage(setting, api.url, Secret(API_KEY), None)
        else:
            world = await stack.enter_async_context(World(setting.agent))
            yield Stage(setting, world.api_url, Secret(API_KEY), world)


def _tokens_for(server: str, keys: tuple[Secret, Secret] | None) -> SessionApi:
    key, secret = keys or (Secret(""), Secret(secrets.token_hex(32)))

    def sign(identity: str, room: str, lifetime: float) -> str:
        return mint(key.reveal(), secret.reveal(), identity=identity, room=room, lifetime=lifetime)

    return SessionApi(API_KEY, lambda: server, sign)
