"""The real edges: ALSA, GPIO, LiveKit, the session API and systemd; and the daemon's process around them."""

from __future__ import annotations

import asyncio
import signal
from functools import partial
from pathlib import Path

from kiosk.app import Device, Edges
from kiosk.audio.card import PortAudioCard
from kiosk.audio.ports import Canceller
from kiosk.boot import Boot
from kiosk.config.model import AudioConfig, Config
from kiosk.config.secrets import Secret
from kiosk.control.server import Control
from kiosk.link import NewCall
from kiosk.panel.panel import Panel
from kiosk.panel.pins import native
from kiosk.room.call import LiveKitCall
from kiosk.room.doorstep import reachable
from kiosk.room.processing import Processing
from kiosk.room.shutdown import end_process
from kiosk.session.resolver import Resolver
from kiosk.session.tokens import Tokens
from kiosk.system.clock import doubt
from kiosk.system.context import CONTEXT
from kiosk.system.journal import set_up_logging
from kiosk.system.memory import settle, tidy
from kiosk.system.notify import Notifier
from kiosk.system.redact import register_secret
from kiosk.system.stacks import tell_before_death


def canceller(config: AudioConfig) -> Canceller | None:
    """Echo canceller, noise suppression and gain control as configured; None where all are off."""
    if not (config.echo_cancellation or config.noise_suppression or config.gain_control):
        return None
    return Processing(config.echo_cancellation, config.noise_suppression, config.gain_control)


def call_maker(config: Config) -> NewCall:
    """LiveKit calls whose track says that its beginning comes by byte stream where the configuration wants that."""
    return partial(LiveKitCall, preconnect=config.talk.first_words == "stream", resolver=Resolver())


def real_edges(config: Config, key: Secret | None, socket: Path) -> Edges:
    """The appliance's own; it can be asked at `socket`."""
    return Edges(
        card=PortAudioCard(),
        canceller=canceller,
        panel=Panel(config.button, config.led, native(config.button.chip)),
        tokens=Tokens(config.session, key, doubt=doubt),
        call_maker=call_maker,
        notify=Notifier(),
        control=Control(socket),
        server_there=partial(reachable, resolver=Resolver()),
        tidy=tidy,
    )


def set_up_process(config: Config, key: Secret | None) -> None:
    """What holds for the whole process: its log, what may never be in it, and what a fatal signal leaves in it."""
    tell_before_death()
    set_up_logging(config.log.level)
    if key is not None:
        register_secret(key.reveal())


def serve(boot: Boot, socket: Path) -> None:
    """Run the daemon, to be asked at `socket`, until it is told to stop, and end the process."""
    # A reload that comes before the device listens for it would end the process; the file has been read in this moment anyway.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    set_up_process(boot.config, boot.key)

    async def live() -> None:
        device = Device(boot.config, real_edges(boot.config, boot.key, socket), partial(end_process, 1), boot)
        CONTEXT.provide(device.context)
        settle()
        await device.run()
        # Here, not after the loop: the loop's end waits without a limit for threads that stand in a driver.
        end_process(0)

    asyncio.run(live())
