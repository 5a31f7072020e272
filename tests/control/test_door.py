"""The socket's file: whose it is, who may use it, and what it never replaces."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.control.door import listening
from kiosk.control.place import DEFAULT, own_socket
from kiosk.errors import ControlError
from tests.parts.process import ROOT


def test_it_is_for_its_user_and_group_alone_and_goes_with_its_daemon(tmp_path: Path) -> None:
    path = tmp_path / "run" / "control.sock"
    with listening(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        assert path.stat().st_gid == os.getegid()
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o755
        assert sorted(os.listdir(path.parent)) == ["control.lock", "control.sock"]
    assert not path.exists()


def test_a_second_daemon_is_told_and_the_first_keeps_answering(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    with listening(path):
        with pytest.raises(ControlError, match="is another daemon's") as caught, listening(path):
            pass
        assert caught.value.code == "control-taken"
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))


KILLED = """
import os, signal, sys
from pathlib import Path
from kiosk.control.door import listening
with listening(Path(sys.argv[1])):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_daemons_socket_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    subprocess.run([sys.executable, "-c", KILLED, path], cwd=ROOT, check=False)
    assert path.is_socket()
    with listening(path), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_is_no_socket_of_ours_is_left_alone(tmp_path: Path, kind: str) -> None:
    path, precious = tmp_path / "control.sock", tmp_path / "precious"
    precious.write_text("precious")
    {"file": lambda: path.write_text("precious"), "folder": path.mkdir, "link": lambda: path.symlink_to(precious)}[kind]()
    before = path.lstat()
    with pytest.raises(ControlError, match="left alone") as caught, listening(path):
        pass
    assert caught.value.code == "control-failed"
    assert path.lstat() == before
    assert precious.read_text() == "precious"


@pytest.mark.parametrize("path", ["/proc/none/control.sock", "/" + "long" * 40 + "/control.sock", "/dev/null/control.sock"])
def test_a_place_that_cannot_be_had_is_named(path: str) -> None:
    with pytest.raises(ControlError, match=path) as caught, listening(Path(path)):
        pass
    assert caught.value.code == "control-failed"


def test_the_place_is_systemds_runtime_folder() -> None:
    assert own_socket({"RUNTIME_DIRECTORY": "/run/a:/run/b"}) == Path("/run/a/control.sock")
    assert own_socket({"RUNTIME_DIRECTORY": ""}) == own_socket({}) == DEFAULT
