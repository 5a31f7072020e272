"""SIGHUP in a call, on the real server and the real sound path: the call goes on, whatever the file says."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from kiosk.machine.events import Event, On
from kiosk.machine.states import State
from kiosk.signals import Indication
from tests.faults.conftest import Report
from tests.live.hall import Hall
from tests.parts.livekit_server import LiveKitServer


async def reloaded(hall: Hall) -> float:
    """Send SIGHUP and wait until the daemon says that the reload is over; seconds."""
    hall.told.clear()
    asked = time.monotonic()
    os.kill(os.getpid(), signal.SIGHUP)
    seen = await hall.until(lambda: "READY=1" in hall.told, 5.0)
    assert hall.told[0].startswith("RELOADING=1\nMONOTONIC_USEC=")
    return seen - asked


def undisturbed(hall: Hall, generation: int) -> bool:
    """The same connection, heard by the agent, never lost."""
    kiosk = hall.device.dispatcher.kiosk
    return (kiosk.state, kiosk.generation, kiosk.audible) == (State.LIVE, generation, True) and "disconnected" not in hall.kinds()


@pytest.mark.fault("sighup-good")
async def test_a_good_file_in_a_call(server: LiveKitServer, tmp_path: Path, report: Report) -> None:
    async with Hall(server, file=tmp_path / "config.yaml", talk={"mode": "toggle"}) as hall:
        await hall.agent()
        await hall.call()
        generation = hall.device.dispatcher.kiosk.generation
        hall.write(
            talk={"mode": "hold"}, earcons={"volume": 0.1}, led={"pin": 18, "brightness": 1.0}, session={"agent_id": "b"}, button={"pin": 4}
        )
        hall.device.watchdog.worst_lag_ms = 0.0
        took = await reloaded(hall)
        lag = hall.device.watchdog.worst_lag_ms
        captured = hall.device.sound.figures().blocks_captured
        await hall.until(lambda: hall.device.sound.figures().blocks_captured > captured + 50)
        going_on = undisturbed(hall, generation)
        config = hall.device.config
        applied = (config.earcons.volume, config.led.brightness, config.talk.mode, config.button.pin) == (0.1, 1.0, "toggle", 17)
        assert "a restart is needed for button.pin" in hall.told[-1] or any("button.pin" in text for text in hall.told)
        hall.panel.release()
        hall.device.dispatcher.post(Event(On.HANG_UP))
        await hall.until(lambda: hall.device.config.talk.mode == "hold")
        waited = hall.device.config.session.agent_id == "b" and hall.device.config.button.pin == 17
        pressed = await hall.call()
        assert hall.api.requests[-1].body["agent_id"] == "b"
        measured = f"applied in {1000 * took:.0f} ms, loop late by {lag:.0f} ms at most, the next call in {1000 * pressed:.0f} ms"
        report(measured, took < 1.0 and applied and going_on and waited)


@pytest.mark.fault("sighup-bad")
async def test_a_bad_file_in_a_call(server: LiveKitServer, tmp_path: Path, report: Report) -> None:
    file = tmp_path / "config.yaml"
    async with Hall(server, file=file, talk={"mode": "toggle"}) as hall:
        await hall.agent()
        await hall.call()
        generation = hall.device.dispatcher.kiosk.generation
        before = hall.device.config
        file.write_text("session:\n  agent_id: hall\ntalk:\n  mdoe: hold\n")
        took = await reloaded(hall)
        said = any(f"{file}:4:3: talk.mdoe: unknown key: did you mean `mode`?" in text for text in hall.told)
        kept = hall.device.config is before and undisturbed(hall, generation)
        hall.device.dispatcher.post(Event(On.HANG_UP))
        await hall.until(lambda: hall.shown()[-1] == Indication.ATTENTION)
        hall.write()
        await reloaded(hall)
        await hall.until(lambda: hall.shown()[-1] == Indication.IDLE)
        report(f"kept, and its line said in {1000 * took:.0f} ms", took < 1.0 and said and kept)
