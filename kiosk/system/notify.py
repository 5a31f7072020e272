"""What systemd is told of the daemon's life (sd_notify); outside systemd nothing happens."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

Send = Callable[[str], object]


class Notifier:
    """Sends state to systemd's notification socket, or nowhere without NOTIFY_SOCKET or its library. Never raises, never blocks."""

    def __init__(self, send: Send | None = None) -> None:
        self._send = _socket() if send is None else send
        self._status = ""

    def ready(self) -> None:
        """Start-up, or a reload, is over."""
        self._send("READY=1")

    def status(self, text: str) -> None:
        """One line of human words for `systemctl status`; said again only when it changes."""
        if text != self._status:
            self._status = text
            self._send(f"STATUS={' '.join(text.split())}")

    def reloading(self) -> None:
        """The configuration is being read again; `ready` ends it."""
        # The clock's reading is what tells systemd 253 and later which reload this is.
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """The daemon is going down by itself or as asked."""
        self._send("STOPPING=1")

    def watchdog(self) -> None:
        """Sign of life."""
        self._send("WATCHDOG=1")


def _socket() -> Send:
    if not os.environ.get("NOTIFY_SOCKET"):
        return _nowhere
    try:
        from systemd.daemon import notify  # noqa: PLC0415  a machine without systemd does without its library
    except ImportError:
        return _nowhere

    def send(state: str) -> None:
        try:
            notify(state)
        # A full or vanished socket: systemd's loss, not the visitor's.
        except OSError:
            return

    return send


def _nowhere(state: str) -> None:
    """Where state goes without systemd."""
