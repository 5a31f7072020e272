"""The last configuration that ran, kept in the state folder for the day when the file has been spoilt."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from kiosk.config.loader import LIMIT
from kiosk.config.source import read_source, refusal
from kiosk.system.files import write_atomically

_log = logging.getLogger(__name__)

NAME: Final = "last-good.yaml"
FOLDER: Final = Path("/var/lib/voice-kiosk")
"""Where the state is when the service manager does not say, for a configuration in /etc."""
_HEAD: Final = "# The last configuration that ran, kept by voice-kiosk. sha256 of the rest: {}\n"
_HEADED: Final = re.compile(_HEAD.format("([0-9a-f]{64})").encode())
_PRIVATE: Final = 0o600


def state_folder(config: Path, environ: Mapping[str, str]) -> Path | None:
    """$STATE_DIRECTORY (systemd.exec(5)), else /var/lib/voice-kiosk for a configuration in /etc where it is there; None for none."""
    if told := environ.get("STATE_DIRECTORY"):
        return Path(told.split(":")[0])
    return FOLDER if config.is_relative_to("/etc") and FOLDER.is_dir() else None


class LastGood:
    """The copy in `folder`; without a folder nothing is kept, which is said once."""

    def __init__(self, folder: Path | None) -> None:
        self.path = folder / NAME if folder else None
        self._warned = False

    def keep(self, text: bytes) -> None:
        """Keep the text of a configuration that runs; never raises. Unchanged, nothing is written."""
        if self.path is None:
            self._warn("there is no state folder (STATE_DIRECTORY)")
            return
        head = _HEAD.format(hashlib.sha256(text).hexdigest()).encode()
        try:
            if not self.path.exists() or self.path.read_bytes() != head + text:
                write_atomically(self.path, head + text, mode=_PRIVATE)
        except OSError as error:
            self._warn(f"{self.path}: {error.strerror or error}")
        else:
            self._warned = False

    def read(self) -> bytes | None:
        """The text that was kept, None for none; raises ConfigError when it is not what was written."""
        if self.path is None:
            return None
        try:
            data = read_source(self.path, LIMIT + 1024).data
        except FileNotFoundError:
            return None
        found = _HEADED.match(data)
        text = data[found.end() :] if found else b""
        if found is None or hashlib.sha256(text).hexdigest().encode() != found[1]:
            raise refusal(self.path, "is torn or was changed by hand", "it is written anew once a good configuration runs")
        return text

    def _warn(self, why: str) -> None:
        _log.log(
            logging.DEBUG if self._warned else logging.WARNING,
            "the configuration is not kept as the last good one: %s; a bad file will keep the device from starting",
            why,
        )
        self._warned = True
