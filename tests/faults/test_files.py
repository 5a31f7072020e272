"""Configurations and keys that are none: named at once, and the process ends with 78. Real processes; only their start is not counted."""

from __future__ import annotations

import itertools
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kiosk.boot import boot
from kiosk.errors import ConfigError
from tests.faults.conftest import Report

GOOD = "session: {agent_id: a1}\n"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in itertools.pairwise("abcdefghi")
)


def world_readable(path: Path) -> None:
    key = path.with_name("key")
    key.write_text("sk_live_1234567890\n")
    key.chmod(0o644)
    path.write_text(f"{GOOD}credentials: {{api_key_file: {key}}}\n")


BAD_FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "huge": (lambda path: (path.write_text("#"), os.truncate(path, 1 << 40)), "has 1,099,511,627,776 bytes"),
    "alias bomb": (lambda path: path.write_text(BOMB), "anchors (`&a`) are not read here"),
    "not UTF-8": (lambda path: path.write_bytes(GOOD.encode("utf-16")), "not UTF-8"),
    "FIFO": (os.mkfifo, "is a FIFO"),
    "directory": (lambda path: path.mkdir(), "is a directory"),
    "world-readable key": (world_readable, "others may read the API key (mode 0644)"),
}
BAD_YAML = {
    "bad YAML": ("session: {agent_id: a1\ntalk: {mode: hold}\n", [":2:5: "]),
    "unknown keys": (f"{GOOD}talk:\n  mdoe: hold\nledd: {{}}\n", [":3:3: talk.mdoe: ", ":4:1: ledd: "]),
    "wrong types": (f"{GOOD}button: {{pin: x}}\nearcons:\n  volume: 2\n", [":2:15: button.pin: ", ":4:11: earcons.volume: "]),
}


def run(path: Path, folder: Path) -> tuple[int, str, float]:
    """`voice-kiosk run`: exit code, words, and the seconds of processor time that it took, the interpreter's start with it."""
    environment = {key: value for key, value in os.environ.items() if key != "VOICE_KIOSK_API_KEY"}
    environment |= {"STATE_DIRECTORY": str(folder / "state")}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "kiosk", "run", "--config", path]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=30, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.returncode, done.stderr, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.fault("bad-yaml")
def test_every_error_has_its_place_and_the_process_ends(tmp_path: Path, report: Report) -> None:
    took: list[float] = []
    for name, (text, places) in BAD_YAML.items():
        path = tmp_path / "config.yaml"
        path.write_text(text)
        code, said, seconds = run(path, tmp_path)
        assert code == 78, (name, said)
        assert all(f"{path}{place}" in said for place in places), (name, said)
        took.append(seconds)
    report(f"all named, exit 78, {max(took):.2f} s of processor time from exec to exit", max(took) < 1.0)


@pytest.mark.fault("bad-file")
def test_what_is_no_configuration_is_refused_and_named(tmp_path: Path, report: Report) -> None:
    slowest = 0.0
    for number, (name, (make, said)) in enumerate(BAD_FILES.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = folder / "config.yaml"
        make(path)
        slowest = max(slowest, min(refusing(path, said) for _ in range(3)))
        code, words, _ = run(path, folder)
        assert code == 78, (name, words)
        assert said in words, (name, words)
        assert "sk_live" not in words
    report(f"all named, exit 78; the slowest refused in {1000 * slowest:.1f} ms, the interpreter's start not counted", slowest < 0.1)


def refusing(path: Path, said: str) -> float:
    """Seconds of the daemon's own reading until it refuses."""
    began = time.monotonic()
    with pytest.raises(ConfigError) as caught:
        boot(path, {})
    took = time.monotonic() - began
    assert said in str(caught.value)
    return took
