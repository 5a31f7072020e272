"""A PulseAudio door to the virtual sound card, the only one that WebRTC's own devices (rtc.PlatformAudio) know on Linux."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.parts.process import guarded

_CONFIGURATION: Final = """
context.spa-libs = {{ audio.convert.* = audioconvert/libspa-audioconvert  support.* = support/libspa-support }}
context.modules = [
  {{ name = libpipewire-module-protocol-native }}
  {{ name = libpipewire-module-client-node }}
  {{ name = libpipewire-module-adapter }}
  {{ name = libpipewire-module-metadata }}
  {{ name = libpipewire-module-protocol-pulse }}
]
pulse.properties = {{ server.address = [ "unix:{socket}" ] }}
"""


@contextmanager
def pulse_door(folder: Path) -> Generator[Mapping[str, str]]:
    """The environment in which libpulse's default devices are the card's microphone and speaker; within `virtual_card`."""
    folder.mkdir(parents=True, exist_ok=True)
    socket = folder / "socket"
    (folder / "pulse.conf").write_text(_CONFIGURATION.format(socket=socket))
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            guarded(["pipewire", "-c", folder / "pulse.conf"]), env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        _await(socket, process, folder / "log")
        yield {"PULSE_SERVER": f"unix:{socket}", "PULSE_SINK": "kiosk-speaker", "PULSE_SOURCE": "kiosk-mic.monitor"}
    finally:
        process.kill()
        process.wait()


def _await(socket: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 10.0
    while not socket.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"no PulseAudio door:\n{log.read_text(errors='replace')}")
        time.sleep(0.02)
