"""The rooms of the house and who may enter which: the contracts of pyproject.toml, kept, and known to notice."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.parts.process import ROOT

LINTER = Path(sys.executable).with_name("lint-imports")


def lint(folder: Path) -> tuple[int, str]:
    """The exit code and words of import-linter over the package in `folder`."""
    done = subprocess.run([LINTER, "--no-cache"], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package to spoil."""
    shutil.copytree(ROOT / "kiosk", tmp_path / "kiosk", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_import_goes_downward() -> None:
    code, words = lint(ROOT)
    assert code == 0, words


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("errors.py", "import kiosk.config.model", "Imports go downward"),
        ("panel/led.py", "import kiosk.system.files", "devices do not know each other"),
        ("app.py", "import kiosk.sim.panel", "Only the demo knows"),
        ("session/grant.py", "import sounddevice", "Sound cards are met"),
        ("health.py", "import gpiozero", "GPIO is met"),
        ("session/grant.py", "import livekit.rtc", "LiveKit is met"),
        ("audio/frames.py", "import aiohttp", "HTTP is met"),
        ("app.py", "import systemd.journal", "systemd is met"),
        ("machine/step.py", "import time", "Pure files know"),
    ],
)
def test_a_wrong_import_is_noticed(copy: Path, file: str, line: str, contract: str) -> None:
    with (copy / "kiosk" / file).open("a") as source:
        source.write(f"\n{line}\n")
    code, words = lint(copy)
    assert code == 1, words
    broken = [text for text in words.splitlines() if " BROKEN" in text]
    assert any(contract in text for text in broken), words


def test_a_new_file_must_find_its_layer(copy: Path) -> None:
    (copy / "kiosk" / "stray.py").touch()
    code, words = lint(copy)
    assert code == 1
    assert "stray" in words
