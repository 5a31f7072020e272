"""The links disk, memory, temperature, power and versions: the judges at their limits, the probes on a made-up and on this machine."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from kiosk.audio.portaudio import portaudio_version
from kiosk.doctor import machine
from kiosk.doctor.findings import Verdict
from kiosk.doctor.machine import (
    MB,
    Disk,
    judge_disk,
    judge_memory,
    judge_power,
    judge_temperature,
    judge_versions,
    memory_of,
    throttled_of,
)
from tests.control.board import STATUS
from tests.doctor.helpers import visit

DISK = Disk(Path("/var/lib/voice-kiosk"), 1000 * MB, 500 * MB, 10_000, read_only=False)


@pytest.mark.parametrize(
    ("disk", "verdict", "words"),
    [
        (DISK, Verdict.OK, "500 MB free, 50% used"),
        (replace(DISK, free=50 * MB), Verdict.OK, "95% used"),
        (replace(DISK, free=50 * MB - 1), Verdict.WARNING, "50 MB free"),
        (replace(DISK, free=5 * MB), Verdict.WARNING, "5 MB free"),
        (replace(DISK, free=5 * MB - 1), Verdict.FAILURE, "full"),
        (replace(DISK, total=0, free=0), Verdict.FAILURE, "full"),
        (replace(DISK, inodes=100), Verdict.OK, "free"),
        (replace(DISK, inodes=99), Verdict.WARNING, "room for 99 files"),
        (replace(DISK, inodes=None), Verdict.OK, "free"),
        (replace(DISK, read_only=True), Verdict.WARNING, "read-only"),
        (replace(DISK, total=64_000 * MB, free=32_000 * MB), Verdict.OK, "32.0 GB free"),
    ],
)
def test_disk(disk: Disk, verdict: Verdict, words: str) -> None:
    finding = judge_disk(disk)
    assert (finding.verdict, words in finding.words) == (verdict, True), finding


def test_a_disk_without_temporary_files() -> None:
    why = "temporary files cannot be made (No space left on device)"
    finding = judge_disk(DISK, why)
    assert (finding.verdict, finding.words.startswith(f"{why}; /var/lib/voice-kiosk: ")) == (Verdict.WARNING, True)
    assert finding.mend.endswith("df -h /tmp; findmnt /tmp")
    assert judge_disk(replace(DISK, free=0), why).verdict is Verdict.FAILURE


@pytest.mark.parametrize(
    ("available", "verdict"),
    [
        (1000 * MB, Verdict.OK),
        (150 * MB, Verdict.OK),
        (150 * MB - 1, Verdict.WARNING),
        (50 * MB, Verdict.WARNING),
        (50 * MB - 1, Verdict.FAILURE),
        (0, Verdict.FAILURE),
        (None, Verdict.OK),
    ],
)
def test_memory(available: int | None, verdict: Verdict) -> None:
    assert judge_memory(2000 * MB, available).verdict is verdict


@pytest.mark.parametrize(
    ("degrees", "verdict"),
    [
        (None, Verdict.OK),
        (-5.0, Verdict.OK),
        (69.9, Verdict.OK),
        (70.0, Verdict.WARNING),
        (79.9, Verdict.WARNING),
        (80.0, Verdict.FAILURE),
        (120.0, Verdict.FAILURE),
    ],
)
def test_temperature(degrees: float | None, verdict: Verdict) -> None:
    assert judge_temperature(degrees).verdict is verdict


@pytest.mark.parametrize(
    ("bits", "verdict", "words", "mend"),
    [
        (None, Verdict.OK, "no Raspberry Pi", ""),
        (0, Verdict.OK, "never throttled", ""),
        (0x1, Verdict.WARNING, "under-voltage now", "power supply"),
        (0x50005, Verdict.WARNING, "under-voltage, throttled now", "power supply"),
        (0x10000, Verdict.WARNING, "under-voltage since the boot", "power supply"),
        (0x50000, Verdict.WARNING, "under-voltage, throttled since the boot", "power supply"),
        (0x8, Verdict.WARNING, "slowed by temperature now", "heat sink"),
        (0x80002, Verdict.WARNING, "processor slowed now; slowed by temperature since the boot", "heat sink"),
    ],
)
def test_power(bits: int | None, verdict: Verdict, words: str, mend: str) -> None:
    finding = judge_power(bits)
    assert (finding.verdict, words in finding.words, mend in finding.mend) == (verdict, True, True), finding


@pytest.mark.parametrize(
    ("text", "bits"),
    [("throttled=0x50000\n", 0x50000), ("50005\n", 0x50005), ("0", 0), ("", None), ("VCHI initialization failed", None), ("0x", None)],
)
def test_what_the_firmware_says(text: str, bits: int | None) -> None:
    assert throttled_of(text) == bits


@pytest.mark.parametrize(
    ("running", "verdict"), [(None, Verdict.OK), ("0.1.0", Verdict.OK), ("0.0.9", Verdict.WARNING)], ids=["no daemon", "same", "older"]
)
def test_versions(running: str | None, verdict: Verdict) -> None:
    assert judge_versions({"voice-kiosk": "0.1.0", "python": "3.11"}, running).verdict is verdict


def test_what_the_kernel_says_of_memory() -> None:
    assert memory_of("MemTotal:       1000 kB\nMemFree: 1 kB\nMemAvailable:    10 kB\n") == (1_024_000, 10_240)
    assert memory_of("nonsense") == (None, None)


def pi(root: Path) -> None:
    """A Pi's files."""
    for name, text in {
        "sys/class/thermal/thermal_zone0/temp": "48312\n",
        "sys/class/thermal/thermal_zone1/temp": "71000\n",
        "sys/class/thermal/thermal_zone2/temp": "broken\n",
        "sys/devices/platform/soc/soc:firmware/get_throttled": "50000\n",
        "proc/meminfo": "MemTotal: 900000 kB\nMemAvailable: 40000 kB\n",
        "proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


async def test_a_pi(tmp_path: Path) -> None:
    pi(tmp_path)
    async with visit(tmp_path) as made:
        assert (await machine.temperature(made)).words == "71 °C"
        assert (await machine.power(made)).words == "under-voltage, throttled since the boot"
        assert (await machine.memory(made)).verdict is Verdict.FAILURE
        finding = await machine.versions(made)
        assert finding.figures["model"] == "Raspberry Pi 5 Model B Rev 1.0"
        made.status = STATUS
        assert (await machine.versions(made)).verdict is Verdict.WARNING


async def test_a_machine_that_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    async with visit(tmp_path) as made:
        for probe in (machine.temperature, machine.power, machine.memory):
            assert (await probe(made)).verdict is Verdict.OK


async def test_the_firmware_is_asked_by_its_own_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "vcgencmd"
    program.write_text('#!/bin/sh\necho "throttled=0x1"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    async with visit(tmp_path) as made:
        assert (await machine.power(made)).words == "under-voltage now"


async def test_this_disk(tmp_path: Path) -> None:
    async with visit(tmp_path, environ={"STATE_DIRECTORY": str(tmp_path / "not" / "there")}) as made:
        finding = await machine.disk(made)
    assert finding.figures["folder"] == str(tmp_path)
    free = shutil.disk_usage(tmp_path).free
    assert finding.figures["free_mb"] == pytest.approx(free / MB, rel=0.05)


def test_portaudio_tells_its_version_without_beginning() -> None:
    assert (portaudio_version() or "").startswith("V19")
