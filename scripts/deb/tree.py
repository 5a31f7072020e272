"""Where everything of the package goes."""

from __future__ import annotations

import gzip
import shutil
import sys
import time
from pathlib import Path
from typing import Final

from typer.testing import CliRunner

from kiosk.cli import app
from scripts.deb.libraries import COMMON, collect, uv
from scripts.deb.man import page
from scripts.deb.target import ROOT, Target

LIBRARIES: Final = "usr/lib/voice-kiosk"
COPIED: Final = {
    "systemd/voice-kiosk": "usr/bin/voice-kiosk",
    "systemd/voice-kiosk.service": "usr/lib/systemd/system/voice-kiosk.service",
    "systemd/sysusers.conf": "usr/lib/sysusers.d/voice-kiosk.conf",
    "systemd/gpio.rules": "usr/lib/udev/rules.d/60-voice-kiosk.rules",
    "config/config.yaml": "usr/share/voice-kiosk/config.yaml",
    "config/hold.yaml": "usr/share/voice-kiosk/hold.yaml",
    "config/toggle.yaml": "usr/share/voice-kiosk/toggle.yaml",
    "config/vad.yaml": "usr/share/voice-kiosk/vad.yaml",
    "config/schema.json": "usr/share/voice-kiosk/schema.json",
    "README.md": "usr/share/doc/voice-kiosk/README.md",
    "docs/technician.md": "usr/share/doc/voice-kiosk/technician.md",
    "docs/operator.md": "usr/share/doc/voice-kiosk/operator.md",
    "LICENSE": "usr/share/doc/voice-kiosk/copyright",
}
COMPLETIONS: Final = {
    "bash": "usr/share/bash-completion/completions/voice-kiosk",
    "zsh": "usr/share/zsh/vendor-completions/_voice-kiosk",
    "fish": "usr/share/fish/vendor_completions.d/voice-kiosk.fish",
}


def lay_out(target: Target, work: Path, tree: Path, epoch: int) -> None:
    """Fills `tree` with every file of the package but its metadata."""
    collect(target, work, tree / LIBRARIES)
    _project(work, tree / LIBRARIES / COMMON)
    lay_out_words(target.version, tree, epoch)


def lay_out_words(version: str, tree: Path, epoch: int) -> None:
    """Everything but the libraries: unit, configuration, man page, completions, documents."""
    for source, place in COPIED.items():
        write(tree / place, (ROOT / source).read_bytes(), executable=place.startswith("usr/bin/"))
    date = time.strftime("%Y-%m-%d", time.gmtime(epoch))
    write(tree / "usr/share/man/man1/voice-kiosk.1.gz", packed(page(version, date).encode()))
    write(tree / "usr/share/doc/voice-kiosk/changelog.gz", packed((ROOT / "CHANGELOG.md").read_bytes()))
    for shell, place in COMPLETIONS.items():
        asked = CliRunner().invoke(app, prog_name="voice-kiosk", env={"_VOICE_KIOSK_COMPLETE": f"source_{shell}"})
        write(tree / place, f"{asked.stdout.strip()}\n".encode())


def _project(work: Path, folder: Path) -> None:
    """The project's own wheel, built from a copy so that nothing that an earlier build left comes along."""
    source = work / "project"
    source.mkdir()
    shutil.copytree(ROOT / "kiosk", source / "kiosk", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    uv("build", "--python", sys.executable, "--wheel", "--no-build-isolation", "--out-dir", work / "wheel", source)
    (wheel,) = (work / "wheel").glob("*.whl")
    unpacked = work / "unpacked"
    uv("pip", "install", "--python", sys.executable, "--no-deps", "--no-index", "--target", unpacked, "--link-mode", "copy", wheel)
    shutil.copytree(unpacked / "kiosk", folder / "kiosk")
    (information,) = unpacked.glob("voice_kiosk-*.dist-info")
    write(folder / information.name / "METADATA", (information / "METADATA").read_bytes())


def write(path: Path, content: bytes, *, executable: bool = False) -> None:
    """Writes a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o755 if executable else 0o644)


def packed(content: bytes) -> bytes:
    """gzip without a time in it."""
    return gzip.compress(content, mtime=0)
