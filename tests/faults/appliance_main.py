"""The daemon in a process of its own, with a simulated sound card, button and LED: `python -m tests.faults.appliance_main CONFIGURATION`.

All else is as shipped: process set-up, log, systemd, session API, LiveKit. CONFIGURATION is JSON, checked as the file's would be.
Commands: press, release, block (seconds: the event loop stands), header (opens the board's own), figures. Events: joined (it is up),
told (kind and details).
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from functools import partial

from kiosk.app import Device, Edges
from kiosk.chronicle import Happening
from kiosk.config.model import ButtonConfig, Config
from kiosk.config.secrets import Secret
from kiosk.edges import call_maker, canceller, set_up_process
from kiosk.errors import PanelError
from kiosk.machine.events import Event, On
from kiosk.machine.states import State
from kiosk.panel.panel import Panel
from kiosk.panel.pins import native
from kiosk.room.shutdown import end_process
from kiosk.session.tokens import Tokens
from kiosk.sim.panel import SimPanel
from kiosk.sim.soundcard import SimulatedCard
from kiosk.system.clock import doubt
from kiosk.system.notify import Notifier
from tests.live.hall import KEY
from tests.parts.lines import emit, serve


class Hand:
    """The visitor's, and that of whoever does the daemon harm."""

    def __init__(self, device: Device, panel: SimPanel) -> None:
        self._device = device
        self._panel = panel

    async def press(self) -> None:
        self._panel.press()

    async def release(self) -> None:
        self._panel.release()

    async def block(self, seconds: float) -> None:
        # Not within the command, so that its answer goes out before.
        asyncio.get_running_loop().call_later(0.05, partial(time.sleep, seconds))

    async def header(self) -> dict[str, object]:
        """What opening the board's own button says: the code of its error, or nothing."""
        pins = native(None)
        try:
            pins.open_button(ButtonConfig(), lambda _pressed: None).close()
        except PanelError as error:
            return {"code": error.code}
        finally:
            pins.close()
        return {"code": ""}

    async def figures(self) -> dict[str, object]:
        """What is true inside."""
        kiosk, sound = self._device.dispatcher.kiosk, self._device.sound.figures()
        worst = self._device.health.worst
        return {
            "state": kiosk.state,
            "audible": kiosk.audible,
            "captured": sound.blocks_captured,
            "played": sound.blocks_played,
            "lag_ms": self._device.watchdog.worst_lag_ms,
            "fault": worst.code if worst else None,
            "wall": time.time(),
        }


async def main(config: Config) -> None:
    panel = SimPanel()
    edges = Edges(
        card=SimulatedCard(),
        canceller=canceller,
        panel=Panel(config.button, config.led, panel),
        tokens=Tokens(config.session, Secret(KEY), doubt=doubt),
        call_maker=call_maker,
        notify=Notifier(),
    )
    device = Device(config, edges, partial(end_process, 1))
    idle = asyncio.Event()

    def told(happening: Happening) -> None:
        emit("told", kind=happening.kind, **{f"the_{name}": str(value) for name, value in happening.detail.items()})
        if device.dispatcher.kiosk.state is State.IDLE:
            idle.set()

    device.chronicle.listen(told)
    hand = Hand(device, panel)
    running = asyncio.create_task(device.run())
    await idle.wait()
    emit("joined")
    ends = asyncio.create_task(
        serve({"press": hand.press, "release": hand.release, "block": hand.block, "header": hand.header, "figures": hand.figures})
    )
    await asyncio.wait({ends, running}, return_when=asyncio.FIRST_COMPLETED)
    device.dispatcher.post(Event(On.STOP))
    await running
    end_process(0)


if __name__ == "__main__":
    settings = Config.model_validate(json.loads(sys.argv[1]))
    set_up_process(settings, Secret(KEY))
    asyncio.run(main(settings))
