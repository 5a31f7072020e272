"""The set-up's words on machines that cannot be set up, made of a PATH with stand-ins for what such machines lack."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.parts.process import ROOT

TOOLS = ("cat", "date", "dirname", "grep", "mkdir", "rm", "sed", "sha256sum", "sleep", "tail")


class Machine:
    """A machine with the project, `sh`, a few tools, and programs written by the test."""

    def __init__(self, folder: Path) -> None:
        self.programs = folder / "bin"
        self.project = folder / "project"
        (self.project / "scripts").mkdir(parents=True)
        self.programs.mkdir()
        for name in ("scripts/setup", "requirements.lock", "pyproject.toml"):
            shutil.copy(ROOT / name, self.project / name)
        for tool in TOOLS:
            (self.programs / tool).symlink_to(shutil.which(tool) or tool)

    def write(self, name: str, body: str) -> None:
        """Adds a program."""
        program = self.programs / name
        program.write_text(f"#!/bin/sh\n{body}\n")
        program.chmod(0o755)

    def set_up(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs scripts/setup there."""
        return subprocess.run(
            ["/bin/sh", "scripts/setup", *arguments],
            cwd=self.project,
            env={"PATH": str(self.programs), **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_neither_root_nor_sudo_names_what_to_type(machine: Machine) -> None:
    machine.write("dpkg-query", 'case "$*" in *gcc*) echo installed; esac')
    machine.write("id", "echo 1000")
    done = machine.set_up()
    assert done.returncode == 1
    assert "neither root nor sudo" in done.stderr
    assert "apt-get install --no-install-recommends ca-certificates libc6-dev" in done.stderr
    assert "gcc" not in done.stderr


def test_no_network_is_named(machine: Machine) -> None:
    machine.write("dpkg-query", "exit 1")
    machine.write("id", "echo 0")
    machine.write("apt-get", "echo \"E: Failed to fetch http://deb: Could not resolve 'deb'\" >&2; exit 100")
    done = machine.set_up()
    assert done.returncode == 1
    assert "cannot reach Debian's servers" in done.stderr


def test_a_python_of_another_age_is_refused(machine: Machine) -> None:
    machine.write("dpkg-query", "echo installed")
    machine.write("python9", "echo 3.14")
    done = machine.set_up(PYTHON="python9")
    assert done.returncode == 1
    assert "python9 is Python 3.14; 3.11, 3.12 or 3.13 is needed" in done.stderr


def test_another_system_is_told_what_is_needed(machine: Machine) -> None:
    done = machine.set_up()
    assert done.returncode == 1
    assert "this is not Debian" in done.stderr


def test_an_unknown_argument_is_refused(machine: Machine) -> None:
    assert machine.set_up("--tests").returncode == 2
