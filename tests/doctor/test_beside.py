"""On real ALSA devices: the doctor beside the real daemon, which lends them and has them again, and the doctor alone on a terminal."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kiosk.audio.card import PortAudioCard
from kiosk.audio.frames import BLOCK
from kiosk.control.caller import called, own_name
from kiosk.control.client import ask
from kiosk.control.record import Status
from kiosk.doctor.findings import Verdict
from kiosk.doctor.sound import microphone, speaker, way_back
from kiosk.errors import SoundError
from kiosk.machine.states import State
from kiosk.sim.world import API_KEY, World
from tests.doctor.helpers import visit
from tests.doctor.test_command import Typed
from tests.parts.cable import Mouth
from tests.parts.pipewire import FROM_SPEAKER, INTO_MICROPHONE, MICROPHONE, SPEAKER, PipeWire, virtual_card
from tests.parts.process import ROOT

over_the_cable = pytest.mark.flaky(reruns=4)  # it drops sound by itself on busy cores
DEVICES = {"microphone": {"device": MICROPHONE}, "speaker": {"device": SPEAKER}}
BORROWER = """
import sys, time
from pathlib import Path
from kiosk.control.client import borrowed
with borrowed(Path(sys.argv[1])):
    print("lent", flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module", autouse=True)
def card(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipeWire]:
    with virtual_card(tmp_path_factory.mktemp("pipewire")) as running:
        PortAudioCard().rescan()
        yield running


QUIETER = 12.0


@pytest.fixture
def cable() -> Iterator[None]:
    """What the speaker plays goes into the microphone, QUIETER by so many dB."""
    card, stop = PortAudioCard(), threading.Event()
    ear, mouth = card.open_microphone(FROM_SPEAKER, 0.02), card.open_speaker(INTO_MICROPHONE, 0.02)

    def carry() -> None:
        native = np.zeros((BLOCK, ear.channels), dtype=np.int16)
        # A null sink gives silence; no microphone is as quiet as that.
        random = np.random.default_rng(3)
        while not stop.is_set():
            ear.read(native)
            quieter = native[:, :1] * 10 ** (-QUIETER / 20) + 20 * random.standard_normal((BLOCK, 1))
            mouth.write(np.ascontiguousarray(np.repeat(quieter.astype(np.int16), mouth.channels, axis=1)))

    def work() -> None:
        try:
            carry()
        except SoundError:
            return
        finally:
            ear.close()
            mouth.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(5)


async def test_a_cable_that_nobody_feeds_is_dead_and_a_plugged_out_one_missing(tmp_path: Path) -> None:
    async with visit(tmp_path, config={"audio": DEVICES}, card=PortAudioCard()) as made:
        finding = await microphone(made)
        assert (finding.verdict, "dead" in finding.words) == (Verdict.FAILURE, True), finding
    nowhere = {"audio": {"microphone": {"device": "nowhere"}}}
    async with visit(tmp_path, config=nowhere, card=PortAudioCard()) as made:
        assert (await microphone(made)).figures["code"] == "microphone-missing"


class Daemon:
    """`voice-kiosk run` as a process, with real sound and the loopback world's API."""

    def __init__(self, folder: Path, world: World, process: Process) -> None:
        self.folder = folder
        self.socket = folder / "control.sock"
        self.world = world
        self.process = process

    async def status(self) -> Status:
        return Status.model_validate(await asyncio.to_thread(ask, self.socket, "GET", "/status"))

    async def until(self, true: Callable[[Status], object], limit: float = 20.0) -> Status:
        async with asyncio.timeout(limit):
            while not true(status := await self.status()):  # noqa: ASYNC110 -- a process says it
                await asyncio.sleep(0.05)
            return status

    async def order(self, order: str) -> dict[str, Any]:
        return await asyncio.to_thread(ask, self.socket, "POST", f"/{order}")

    async def borrower(self) -> Process:
        made = await asyncio.create_subprocess_exec(sys.executable, "-c", BORROWER, self.socket, env=environment(), stdout=PIPE)
        assert made.stdout
        assert await made.stdout.readline() == b"lent\n"
        return made

    async def doctor(self, *words: str) -> dict[str, dict[str, Any]]:
        """Its findings by link."""
        command = ["-m", "kiosk", "doctor", "--json", "--config", self.folder / "config.yaml", "--socket", self.socket, *words]
        made = await asyncio.create_subprocess_exec(sys.executable, *command, env=environment(), stdout=PIPE, stderr=PIPE)
        said, errors = await asyncio.wait_for(made.communicate(), 90)
        assert errors == b""
        assert API_KEY.encode() not in said
        return {link["link"]: link for link in json.loads(said)["links"]}


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "VOICE_KIOSK_API_KEY": API_KEY}


def has_sound(status: Status) -> bool:
    return status.sound.microphone is not None and status.sound.speaker is not None


@asynccontextmanager
async def running(folder: Path) -> AsyncGenerator[Daemon]:
    async with World("echo") as world:
        settings = {
            "session": {"agent_id": "a", "url": world.api_url, "requests_per_minute": 60},
            "talk": {"mode": "toggle"},
            "audio": DEVICES,
        }
        (folder / "config.yaml").write_text(json.dumps(settings))
        with (folder / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "kiosk", "run", "--config", folder / "config.yaml", "--socket", folder / "control.sock"),
                env=environment(),
                cwd=folder,
                stdout=log,
                stderr=log,
            )
        daemon = Daemon(folder, world, process)
        try:
            async with asyncio.timeout(30):
                while not daemon.socket.exists():  # noqa: ASYNC110 -- another process makes it
                    await asyncio.sleep(0.05)
            await daemon.until(lambda status: status.state is State.IDLE and has_sound(status))
            yield daemon
        finally:
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 10) == 0


def faults_of_sound(status: Status) -> list[str]:
    return [fault.code for fault in status.faults if fault.area in ("microphone", "speaker")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_a_borrower_has_the_devices_until_it_ends_however_it_ends(tmp_path: Path, number: signal.Signals) -> None:
    async with running(tmp_path) as daemon:
        borrower = await daemon.borrower()
        status = await daemon.status()
        assert status.lent == called(own_name(os.environ), os.geteuid())
        assert (status.state, status.sound.microphone, status.sound.speaker) == (State.IDLE, None, None)
        await asyncio.sleep(3)
        status = await daemon.status()
        assert faults_of_sound(status) == []
        said = await daemon.order("press")
        assert "means nothing while the devices are lent" in said["said"]
        borrower.send_signal(number)
        await borrower.wait()
        ended = time.monotonic()
        status = await daemon.until(lambda status: status.lent is None and has_sound(status))
        print(f"\nback {time.monotonic() - ended:.2f} s after {number.name}")
        assert faults_of_sound(status) == []
        await daemon.order("press")
        await daemon.until(lambda status: status.state is State.LIVE)
        await daemon.order("hangup")
    log = (tmp_path / "log").read_text()
    assert f"the devices are lent to {own_name(os.environ)}" in log
    assert "are the kiosk's again" in log
    assert "microphone-" not in log


async def test_the_doctor_beside_an_idle_daemon_borrows_and_gives_back(tmp_path: Path) -> None:
    async with running(tmp_path) as daemon:
        with Mouth() as mouth:
            hiss = (np.random.default_rng(4).standard_normal(48_000 * 30) * 30).astype(np.int16)
            await asyncio.to_thread(mouth.say, hiss)
            found = await daemon.doctor("--session")
        print("\n" + "\n".join(f"{link['verdict']:<9}{name:<14}{link['words']}" for name, link in found.items()))
        assert {
            name: found[name]["verdict"] for name in ("configuration", "key", "daemon", "api", "session", "media", "udp", "devices")
        } == {
            **dict.fromkeys(("configuration", "key", "api", "session", "media", "udp", "devices"), "ok"),
            # This machine has no GPIO.
            "daemon": "failure",
        }
        assert "gpio-missing" in found["daemon"]["words"]
        assert "lent by the daemon" in found["devices"]["words"]
        assert found["microphone"]["verdict"] in ("ok", "warning"), found["microphone"]
        assert found["speaker"]["verdict"] == "warning"
        status = await daemon.until(lambda status: status.lent is None and has_sound(status))
        assert faults_of_sound(status) == []


async def test_in_a_call_the_daemon_keeps_them_and_the_call_goes_on(tmp_path: Path) -> None:
    async with running(tmp_path) as daemon:
        await daemon.order("press")
        await daemon.until(lambda status: status.state is State.LIVE and status.call and status.call.heard)
        found = await daemon.doctor()
        assert found["devices"]["verdict"] == "warning"
        assert "the kiosk is in a call: try again when it ends, or end it with voice-kiosk hangup" in found["devices"]["words"]
        assert [found[name]["verdict"] for name in ("microphone", "speaker", "button", "led")] == ["skipped"] * 4
        status = await daemon.status()
        assert (status.state, status.lent) == (State.LIVE, None)
        # The media server of the call is known now, and is asked.
        assert status.media_server == "127.0.0.1"
        assert found["udp"]["figures"]["media_server"] == "127.0.0.1"


def test_on_a_terminal_alone_it_asks_and_takes_the_answer(tmp_path: Path) -> None:
    settings = {
        "session": {"agent_id": "a", "url": "http://127.0.0.1:9"},
        "talk": {"mode": "vad"},
        "audio": DEVICES,
        "button": {"pin": None},
    }
    (tmp_path / "config.yaml").write_text(json.dumps(settings))
    terminal = Typed("--config", str(tmp_path / "config.yaml"), "--socket", str(tmp_path / "none"))
    with Mouth() as mouth:
        rng = np.random.default_rng(5)
        mouth.say((rng.standard_normal(48_000 * 20) * 20).astype(np.int16))
        terminal.until("say something")
    with Mouth() as mouth:
        mouth.say((rng.standard_normal(48_000 * 6) * 2000).astype(np.int16))
        terminal.until("Did you hear a rising tone? [y/n]")
    assert "█" in terminal.shown
    terminal.type("perhaps\ny\n")
    terminal.until("heard by you")
    assert terminal.ended() == 2
    assert "ok       led" in terminal.shown.replace("\033[32m", "").replace("\033[0m", "")


@over_the_cable
@pytest.mark.usefixtures("cable")
async def test_the_echo_is_measured_over_a_cable(tmp_path: Path) -> None:
    async with visit(tmp_path, config={"audio": DEVICES}, card=PortAudioCard()) as made:
        heard, played, back = await microphone(made), await speaker(made), await way_back(made)
    print(f"\n{heard}\n{played}\n{back}")
    assert played.verdict is Verdict.OK
    # What the cable loses in between makes it quieter.
    assert QUIETER - 1.5 < float(str(back.figures["attenuation_db"])) < QUIETER + 6
    assert 20 < float(str(back.figures["delay_ms"])) < 400
