"""Where the control socket is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

NAME: Final = "control.sock"
DEFAULT: Final = Path("/run/voice-kiosk") / NAME
VARIABLE: Final = "VOICE_KIOSK_SOCKET"
"""Names another socket, to the daemon and to those who ask it."""


def own_socket(environ: Mapping[str, str]) -> Path:
    """The daemon's own: in the runtime folder that systemd made for it (the first, where the unit names several), else the default."""
    folders = environ.get("RUNTIME_DIRECTORY", "").split(":")
    return Path(folders[0]) / NAME if folders[0] else DEFAULT
