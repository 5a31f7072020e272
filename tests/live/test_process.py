"""The daemon as systemd runs it: a process of its own, told READY, STATUS and STOPPING, ended by SIGTERM."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from pathlib import Path

import pytest
import yaml

from kiosk.sim.api import SessionApi
from tests.live.hall import KEY, settings
from tests.parts.livekit_server import LiveKitServer

RUN = (sys.executable, "-m", "kiosk", "run", "--config")


class Systemd:
    """The notification socket of a service manager."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self._socket.setblocking(False)
        self.told: list[str] = []

    async def until(self, text: str, limit: float) -> float:
        """Wait for a message with this text; the monotonic time."""
        async with asyncio.timeout(limit):
            while not any(text in message for message in self.told):
                self.told.append((await asyncio.get_running_loop().sock_recv(self._socket, 4096)).decode())
        return time.monotonic()

    def close(self) -> None:
        self._socket.close()


async def test_ready_status_and_sigterm_within_3_s(server: LiveKitServer, tmp_path: Path) -> None:
    async with SessionApi(KEY, lambda: server.url, lambda identity, room, lifetime: server.token(identity, room, ttl=lifetime)) as api:
        config = tmp_path / "config.yaml"
        config.write_text(yaml.safe_dump(settings(session={"url": api.url, "agent_id": "hall"})))
        systemd = Systemd(tmp_path)
        environment = {**os.environ, "NOTIFY_SOCKET": str(systemd.path), "VOICE_KIOSK_API_KEY": KEY, "RUNTIME_DIRECTORY": str(tmp_path)}
        process = await asyncio.create_subprocess_exec(*RUN, config, env=environment, stderr=asyncio.subprocess.PIPE)
        begun = time.monotonic()
        ready = await systemd.until("READY=1", 15) - begun
        await systemd.until("STATUS=idle", 5)
        told = time.monotonic()
        process.send_signal(signal.SIGTERM)
        await systemd.until("STOPPING=1", 3)
        _, errors = await process.communicate()
        print(f"\nready after {ready:.2f} s, ended {time.monotonic() - told:.2f} s after SIGTERM")
        assert process.returncode == 0, errors.decode()
        assert time.monotonic() - told < 3.0
        assert KEY not in errors.decode()
        systemd.close()


@pytest.mark.parametrize(("text", "said"), [("talk: {mode: hodl}", "hold"), ("talk:\n  mdoe: hold\n", "did you mean `mode`")])
async def test_a_configuration_that_cannot_run_ends_with_78(tmp_path: Path, text: str, said: str) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(text)
    process = await asyncio.create_subprocess_exec(*RUN, config, stderr=asyncio.subprocess.PIPE)
    _, errors = await process.communicate()
    assert process.returncode == 78
    assert f"{config}:" in errors.decode()
    assert said in errors.decode()
