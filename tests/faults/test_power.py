"""The power goes while a file is being written: the old one is there, or the new one, whole and with its mode."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from kiosk.system import files
from tests.faults.conftest import Report
from tests.parts.disk import Disk, Recorder, Step
from tests.parts.process import ROOT

CUTS = 500
MODE = 0o640


def written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Disk, list[Step], list[bytes], list[int]]:
    """Twenty files after another in one place: the disk before, the log, the contents, and where in the log each write ends."""
    luck = random.Random(5)
    contents = [bytes([65 + number]) * luck.choice([1, 700, 9000]) for number in range(21)]
    path = folder / "config.yaml"
    path.write_bytes(contents[0])
    path.chmod(MODE)
    recorder, ends = Recorder(), [0]
    disk = Disk()
    disk.put(str(path), MODE, contents[0])
    with monkeypatch.context() as patch:
        patch.setattr(files, "os", recorder)
        patch.setattr(files, "tempfile", recorder)
        for content in contents[1:]:
            files.write_atomically(path, content)
            ends.append(len(recorder.log))
    assert path.read_bytes() == contents[-1]
    return disk, recorder.log, contents, ends


def torn_in(folder: Path, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Step], bool] = lambda _: False) -> int:
    """How many of CUTS at random moments leave something else than they may; `spoil` names steps that are left out."""
    start, log, contents, ends = written(folder, monkeypatch)
    torn, luck = 0, random.Random(7)
    for _ in range(CUTS):
        cut = luck.randint(0, len(log))
        disk = Disk(dict(start.names), dict(start.files))
        play(disk, [step for step in log[:cut] if not spoil(step)], luck)
        done = max(number for number, end in enumerate(ends) if end <= cut)
        # Once write_atomically has returned, the new content is a promise.
        allowed = {contents[done]} if cut == ends[done] else {contents[done], contents[done + 1]}
        found = disk.after_cut(str(folder / "config.yaml"), luck)
        torn += found is None or found[0] != MODE or found[1] not in allowed
    return torn


def play(disk: Disk, steps: Sequence[Step], luck: random.Random) -> None:
    """The steps, the last of which may have been cut in the middle."""
    for step in steps[:-1]:
        disk.play(step)
    for step in steps[-1:]:
        disk.play(Step("write", step.file, data=step.data[: luck.randint(0, len(step.data))]) if step.what == "write" else step)


@pytest.mark.fault("power-cut")
def test_a_cut_at_any_moment_leaves_the_old_or_the_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: Report) -> None:
    torn = torn_in(tmp_path, monkeypatch)
    report(f"{torn} torn of {CUTS} cuts on a disk that loses what is not flushed", torn == 0)


@pytest.mark.fault("power-cut")
def test_a_kill_at_any_moment_leaves_the_old_or_the_new_file(tmp_path: Path, report: Report) -> None:
    command = [sys.executable, "-m", "tests.parts.cuts_main", tmp_path, str(CUTS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    found = json.loads(done.stdout)
    report(f"{found['torn']} torn of {CUTS} kills, {found['inside']} of them inside a write", found["torn"] == 0 and found["inside"] > 20)


@pytest.mark.parametrize("step", ["flush", "flush folder", "mode"])
def test_without_one_of_its_steps_the_same_cuts_tear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    assert torn_in(tmp_path, monkeypatch, lambda each: each.what == step) > 10
