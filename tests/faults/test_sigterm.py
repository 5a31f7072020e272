"""The end of the process in the middle of a call: a real one, on the real media server, told by SIGTERM."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest
import yaml

from kiosk.sim.api import SessionApi
from tests.faults.conftest import Report
from tests.live.hall import KEY, settings
from tests.live.test_process import Systemd
from tests.parts.far_end import FarEnd
from tests.parts.livekit_server import LiveKitServer
from tests.parts.process import ROOT, guarded

DAEMON = (sys.executable, "-m", "tests.faults.daemon_main")
ROOM = "hall"


@pytest.mark.fault("sigterm")
async def test_sigterm_in_a_call_leaves_the_room_puts_the_led_out_and_exits_with_0(
    server: LiveKitServer, tmp_path: Path, report: Report
) -> None:
    async with SessionApi(KEY, lambda: server.url, lambda identity, _room, lifetime: server.token(identity, ROOM, ttl=lifetime)) as api:
        config = tmp_path / "config.yaml"
        config.write_text(yaml.safe_dump(settings(session={"url": api.url, "agent_id": "hall"}, talk={"mode": "toggle"})))
        systemd = Systemd(tmp_path)
        environment = {**os.environ, "NOTIFY_SOCKET": str(systemd.path), "VOICE_KIOSK_API_KEY": KEY, "PYTHONPATH": str(ROOT)}
        pipe = asyncio.subprocess.PIPE
        async with FarEnd(server.url, server.token("agent", ROOM, kind="agent"), tmp_path / "agent") as agent:
            daemon = await asyncio.create_subprocess_exec(
                *guarded([*DAEMON, config]), env=environment, stdin=pipe, stdout=pipe, stderr=pipe
            )
            assert daemon.stdin is not None
            await systemd.until("STATUS=idle", 15)
            daemon.stdin.write(b"press\n")
            await systemd.until("STATUS=live (listening)", 10)
            told, before = time.monotonic(), len(agent.events)
            daemon.send_signal(signal.SIGTERM)
            left = float((await agent.event("left", timeout=5.0, after=before))["at"]) - told
            await systemd.until("STOPPING=1", 3)
            lights, errors = await daemon.communicate()
            ended = time.monotonic() - told
            present = [each["identity"] for each in await server.participants(ROOM)]
        systemd.close()
    dark = float(lights.decode().split()[-1]) == 0.0
    text = f"the agent sees it leave after {left:.2f} s, LED {'off' if dark else 'ON'}, exit {daemon.returncode} after {ended:.2f} s"
    clean = present == ["agent"] and len(api.ended) == 1 and "STOPPING=1" in systemd.told and KEY not in errors.decode()
    report(text, daemon.returncode == 0 and ended < 3 and dark and clean)
