"""A kiosk in a process of its own, on a sound card and a panel of memory: `python -m tests.parts.island.kiosk_main CONFIGURATION`.

CONFIGURATION is JSON, checked as the file's would be; the environment has the key (VOICE_KIOSK_API_KEY) and the authority that signs for
the world (SSL_CERT_FILE). Commands: press, release, say (file), heard (since, until), figures. Events: joined (it runs), ready, status,
told (kind and details: what the daemon wrote down), fault (area, code).
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from kiosk.app import Device, Edges
from kiosk.chronicle import Happening
from kiosk.config.model import Config
from kiosk.config.secrets import Secret
from kiosk.edges import call_maker, canceller
from kiosk.machine.events import Event, On
from kiosk.panel.panel import Panel
from kiosk.room.bounded import REAPER
from kiosk.session.tokens import Tokens
from kiosk.sim.panel import SimPanel
from kiosk.sim.soundcard import SimulatedCard
from tests.parts.island.lag import Lag
from tests.parts.lines import emit, serve
from tests.parts.recording import read_wav, write_wav


class Manager:
    """A service manager that passes on what it is told."""

    def ready(self) -> None:
        emit("ready")

    def reloading(self) -> None:
        emit("reloading")

    def stopping(self) -> None:
        emit("stopping")

    def status(self, text: str) -> None:
        emit("status", text=text)

    def watchdog(self) -> None:
        pass


class Kiosk:
    """The device, and the hands and ears of the test on it."""

    def __init__(self, config: Config) -> None:
        self.card, self.panel, self.lag = SimulatedCard(), SimPanel(), Lag()
        edges = Edges(
            card=self.card,
            canceller=canceller,
            panel=Panel(config.button, config.led, self.panel),
            tokens=Tokens(config.session, Secret(os.environ["VOICE_KIOSK_API_KEY"])),
            call_maker=call_maker,
            notify=Manager(),
        )
        self.device = Device(config, edges, quit_now=lambda: None)
        self.device.chronicle.listen(self._told)
        self._folder = Path(tempfile.mkdtemp(prefix="kiosk-"))

    async def press(self) -> None:
        self.panel.press()

    async def release(self) -> None:
        self.panel.release()

    async def say(self, file: str) -> dict[str, object]:
        samples, _ = await asyncio.to_thread(read_wav, Path(file))
        return {"began": self.card.microphone.say(samples)}

    async def heard(self, since: float, until: float) -> dict[str, object]:
        path = self._folder / f"heard-{time.monotonic_ns()}.wav"
        await asyncio.to_thread(write_wav, path, self.card.speaker.heard(since, until))
        return {"file": str(path)}

    async def figures(self) -> dict[str, object]:
        """The worst lag of the loop since the last time, and what is on its way."""
        return {"lag": self.lag.take(), "backlog": self.device.sound.figures().backlog_ms, "given_up": REAPER.given_up}

    def _told(self, happening: Happening) -> None:
        emit("told", kind=happening.kind, **{key: value for key, value in happening.detail.items() if key != "at"})


async def main(config: Config) -> None:
    kiosk = Kiosk(config)
    watching = asyncio.create_task(kiosk.lag.watch())
    running = asyncio.create_task(kiosk.device.run())
    emit("joined")
    await serve({"press": kiosk.press, "release": kiosk.release, "say": kiosk.say, "heard": kiosk.heard, "figures": kiosk.figures})
    kiosk.device.dispatcher.post(Event(On.STOP))
    await running
    watching.cancel()
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(Config.model_validate(json.loads(sys.argv[1]))))
