"""What systemd hears, over a real socket; silence without one."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from kiosk.system.notify import Notifier


def everything(notifier: Notifier) -> None:
    notifier.ready()
    notifier.status("idle\nand well")
    notifier.status("idle\nand well")
    notifier.reloading()
    notifier.watchdog()
    notifier.stopping()


def test_states_reach_systemds_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(1.0)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        everything(Notifier())
        heard = [systemd.recv(1000).decode() for _ in range(5)]
    assert heard[:2] == ["READY=1", "STATUS=idle and well"]
    assert heard[2].startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert heard[3:] == ["WATCHDOG=1", "STOPPING=1"]


def test_nothing_happens_without_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    everything(Notifier())
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere/notify")
    everything(Notifier())
    monkeypatch.setitem(sys.modules, "systemd.daemon", None)
    everything(Notifier())
