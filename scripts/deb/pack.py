"""From a tree of files to a .deb that is the same, byte by byte, each time it is made."""

from __future__ import annotations

import hashlib
import os
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Final

from scripts.deb.target import Target

SCRIPTS: Final = Path(__file__).parent / "debian"
MAINTAINER_SCRIPTS: Final = ("postinst", "prerm", "postrm")
BESIDE_PYTHON: Final = (
    "libportaudio2",
    # alsamixer and alsactl, with which levels are set as the doctor says.
    "alsa-utils",
    "python3-systemd",
    # sysusers, the unit's Type=notify and its credentials.
    "systemd (>= 252)",
    "init-system-helpers",
    "passwd",
    # The trust of the API's and the media servers' certificates.
    "ca-certificates",
    # What the wheels' machine code needs of Debian 12.
    "libc6 (>= 2.36)",
    "libgcc-s1",
    "libstdc++6",
    "zlib1g",
)
DESCRIPTION: Final = """\
voice appliance: a button, a microphone, a speaker, a LED and a voice agent
 A daemon that turns a Raspberry Pi class device into a voice appliance: somebody
 presses the button, speaks, and a cloud voice agent answers over LiveKit.
 .
 All Python libraries are inside; nothing is fetched when it is installed."""


def control(target: Target, kilobytes: int) -> str:
    """The text of DEBIAN/control."""
    # One alternative per release in each place, so that any Python between them is refused.
    bounds = [release.depends for release in target.releases]
    python = [f"python3 (>= {bounds[0][0]})", f"python3 (<< {bounds[-1][1]})"]
    python += [f"python3 (<< {end}) | python3 (>= {start})" for (_, end), (start, _) in pairwise(bounds)]
    fields = {
        "Package": "voice-kiosk",
        "Version": target.version,
        "Architecture": target.arch,
        "Maintainer": "The Voice Kiosk developers <voice-kiosk@localhost>",
        "Installed-Size": str(kilobytes),
        "Depends": ", ".join([*python, *BESIDE_PYTHON]),
        "Section": "sound",
        "Priority": "optional",
        "Description": DESCRIPTION,
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items())


def pack(target: Target, tree: Path, folder: Path, epoch: int, *, compression: str = "xz") -> Path:
    """Writes metadata into `tree`, packs it, and returns the .deb in `folder`. CalledProcessError when dpkg-deb fails."""
    contents = sorted(path for path in tree.rglob("*") if path.is_file())
    debian = tree / "DEBIAN"
    debian.mkdir()
    kilobytes = sum(-(-path.stat().st_size // 1024) for path in contents)
    (debian / "control").write_text(control(target, kilobytes))
    (debian / "md5sums").write_text("".join(f"{_md5(path)}  {path.relative_to(tree)}\n" for path in contents))
    (debian / "triggers").write_bytes((SCRIPTS / "triggers").read_bytes())
    for name in MAINTAINER_SCRIPTS:
        (debian / name).write_bytes((SCRIPTS / name).read_bytes())
    _settle(tree, epoch)
    package = folder / target.file_name
    folder.mkdir(parents=True, exist_ok=True)
    build = ["dpkg-deb", "--root-owner-group", f"-Z{compression}", "--build", tree, package]
    subprocess.run(build, check=True, env=os.environ | {"SOURCE_DATE_EPOCH": str(epoch)}, stdout=subprocess.DEVNULL)
    return package


def _settle(tree: Path, epoch: int) -> None:
    """Modes and times that depend on nobody's umask or clock."""
    programs = {tree / "usr/bin/voice-kiosk", *(tree / "DEBIAN" / name for name in MAINTAINER_SCRIPTS)}
    for path in [tree, *tree.rglob("*")]:
        path.chmod(0o755 if path.is_dir() or path in programs else 0o644)
        os.utime(path, (epoch, epoch))


def _md5(path: Path) -> str:
    # What dpkg --verify compares with; nothing is guarded by it.
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
