"""The links disk, memory, temperature, power and versions."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Final

from kiosk.audio.portaudio import portaudio_version
from kiosk.doctor.aside import aside
from kiosk.doctor.findings import Finding, failure, ok, warning
from kiosk.doctor.visit import Visit
from kiosk.lastgood import FOLDER, state_folder

MB: Final = 1_000_000
DISK_LOW: Final = 50 * MB
DISK_FULL: Final = 5 * MB
INODES_LOW: Final = 100
MEMORY_LOW: Final = 150 * MB
"""Below what the daemon and a login need."""
MEMORY_OUT: Final = 50 * MB
HOT: Final = 70.0
"""°C: a Pi slows itself down from 80 on, the case's own parts suffer earlier."""
TOO_HOT: Final = 80.0
NOW: Final = {0: "under-voltage", 1: "processor slowed", 2: "throttled", 3: "slowed by temperature"}
"""Bits of the firmware's get_throttled; those of the time since boot are 16 higher."""
_EARLIER: Final = 16
THROTTLED: Final = Path("sys/devices/platform/soc/soc:firmware/get_throttled")
_ASKING: Final = 3.0


@dataclass(frozen=True, slots=True)
class Disk:
    """The file system of a folder, in bytes."""

    folder: Path
    total: int
    free: int
    inodes: int | None
    """Free ones; None where the file system has no number of them."""
    read_only: bool


def judge_disk(disk: Disk, cramped: str = "") -> Finding:
    """Whether the state can be kept, and temporary files be made; `cramped` says why they cannot."""
    share = 1.0 - disk.free / disk.total if disk.total else 1.0
    figures = {"folder": str(disk.folder), "free_mb": round(disk.free / MB, 1), "used_share": round(share, 3), "read_only": disk.read_only}
    said = f"{f'{cramped}; ' if cramped else ''}{disk.folder}: {_size(disk.free)} free, {share:.0%} used"
    room = "make room: sudo apt clean; sudo journalctl --vacuum-size=50M"
    if disk.read_only:
        mend = "if that is not meant so, the card may be broken: dmesg, then fsck or another card"
        return warning("disk", f"{said}, read-only: the last good configuration is not kept", mend, **figures)
    if disk.free < DISK_FULL:
        return failure("disk", f"{said}: full", room, **figures)
    if disk.free < DISK_LOW:
        return warning("disk", said, room, **figures)
    if disk.inodes is not None and disk.inodes < INODES_LOW:
        return warning("disk", f"{said}, but room for {disk.inodes} files", "remove many small files", **figures)
    if cramped:
        return warning("disk", said, "see which file system is full or read-only: df -h /tmp; findmnt /tmp", **figures)
    return ok("disk", said, **figures)


def judge_memory(total: int | None, available: int | None) -> Finding:
    """In bytes; None where the kernel does not say."""
    if total is None or available is None:
        return ok("memory", "the kernel does not say")
    said = f"{_size(available)} of {_size(total)} available"
    figures = {"total_mb": round(total / MB), "available_mb": round(available / MB)}
    mend = "see what uses it: top, then M"
    if available < MEMORY_OUT:
        return failure("memory", said, mend, **figures)
    return warning("memory", said, mend, **figures) if available < MEMORY_LOW else ok("memory", said, **figures)


def judge_temperature(degrees: float | None) -> Finding:
    """Of the hottest part, in °C; None without a sensor."""
    if degrees is None:
        return ok("temperature", "no sensor on this machine")
    said = f"{degrees:.0f} °C"
    mend = "give it air or a heat sink; out of the sun"
    if degrees >= TOO_HOT:
        return failure("temperature", said, mend, celsius=round(degrees, 1))
    return (
        warning("temperature", said, mend, celsius=round(degrees, 1))
        if degrees >= HOT
        else ok("temperature", said, celsius=round(degrees, 1))
    )


def judge_power(bits: int | None) -> Finding:
    """The firmware's get_throttled; None where it is no Pi's."""
    if bits is None:
        return ok("power", "no Raspberry Pi's firmware here to tell")
    now = [words for bit, words in NOW.items() if bits >> bit & 1]
    earlier = [words for bit, words in NOW.items() if bits >> (bit + _EARLIER) & 1 and words not in now]
    if not now and not earlier:
        return ok("power", "never throttled since the boot", throttled=f"{bits:#x}")
    parts = [", ".join(now) + " now"] if now else []
    parts += [", ".join(earlier) + " since the boot"] if earlier else []
    low = "under-voltage" in now + earlier
    mend = "use the Pi's own power supply and a short, thick cable" if low else "give it air or a heat sink"
    return warning("power", "; ".join(parts), mend, throttled=f"{bits:#x}")


def judge_versions(installed: dict[str, str], running: str | None) -> Finding:
    """`running`: the daemon's own version; None where none runs."""
    said = ", ".join(f"{name} {number}" for name, number in installed.items())
    if running is not None and running != installed["voice-kiosk"]:
        return warning("versions", f"{said}; but {running} runs", "sudo systemctl restart voice-kiosk", **installed)
    return ok("versions", said, **installed)


def memory_of(text: str) -> tuple[int | None, int | None]:
    """Total and available bytes in /proc/meminfo."""
    found = {match[1]: int(match[2]) * 1024 for match in re.finditer(r"^(\w+): +(\d+) kB$", text, re.MULTILINE)}
    return found.get("MemTotal"), found.get("MemAvailable")


def throttled_of(text: str) -> int | None:
    """The bits in what vcgencmd (`throttled=0x50000`) or the kernel (`50000`) says."""
    match = re.fullmatch(r"(?:throttled=)?(?:0x)?([0-9a-fA-F]{1,8})", text.strip())
    return int(match[1], 16) if match else None


async def disk(visit: Visit) -> Finding:
    """The state folder, or where it would be."""
    folder = state_folder(visit.means.file, visit.means.environ) or FOLDER
    return judge_disk(await aside(partial(_disk, folder)), visit.means.cramped)


async def memory(visit: Visit) -> Finding:
    """/proc/meminfo."""
    return judge_memory(*memory_of(await aside(partial(_text, visit.means.root / "proc/meminfo"))))


async def temperature(visit: Visit) -> Finding:
    """The hottest of the kernel's thermal zones."""
    return judge_temperature(await aside(partial(_hottest, visit.means.root)))


async def power(visit: Visit) -> Finding:
    """What the Pi's firmware says."""
    return judge_power(await aside(partial(_throttled, visit.means.root)))


async def versions(visit: Visit) -> Finding:
    """Ours and those of what we stand on."""
    installed = await aside(partial(_versions, visit.means.root))
    return judge_versions(installed, visit.status.versions.get("voice-kiosk") if visit.status else None)


def _disk(folder: Path) -> Disk:
    there = next(each for each in (folder, *folder.parents) if each.is_dir())
    told = os.statvfs(there)
    inodes = told.f_favail if told.f_files else None
    return Disk(there, told.f_blocks * told.f_frsize, told.f_bavail * told.f_frsize, inodes, bool(told.f_flag & os.ST_RDONLY))


def _hottest(root: Path) -> float | None:
    readings = [_text(zone) for zone in root.glob("sys/class/thermal/thermal_zone*/temp")]
    return max((int(text) / 1000 for text in readings if re.fullmatch(r"-?\d+\s*", text)), default=None)


def _throttled(root: Path) -> int | None:
    if text := _text(root / THROTTLED):
        return throttled_of(text)
    try:
        done = subprocess.run(["vcgencmd", "get_throttled"], capture_output=True, text=True, timeout=_ASKING, check=False)  # noqa: S607
    except (OSError, subprocess.TimeoutExpired):
        return None
    return throttled_of(done.stdout)


def _versions(root: Path) -> dict[str, str]:
    found = {"voice-kiosk": version("voice-kiosk"), "livekit": version("livekit"), "python": platform.python_version()}
    if sound := portaudio_version():
        found["portaudio"] = sound
    found["kernel"] = platform.release()
    if model := _text(root / "proc/device-tree/model").strip("\0\n "):
        found["model"] = model
    return found


def _text(file: Path) -> str:
    """Its content; empty where there is none."""
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / MB:.0f} MB"
