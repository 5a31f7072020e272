"""The official release is taken only when it is whole, and given up at once when it is not there."""

from __future__ import annotations

import hashlib
import io
import platform
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.parts.process import ROOT, free_port

PROCESSOR = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
ARCHIVE = f"livekit_1_linux_{PROCESSOR}.tar.gz"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A folder as a release serves it."""
    folder = tmp_path / "release"
    folder.mkdir()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        member = tarfile.TarInfo("livekit-server")
        member.size = 9
        tar.addfile(member, io.BytesIO(b"#!/bin/sh"))
    (folder / ARCHIVE).write_bytes(packed.getvalue())
    (folder / "checksums.txt").write_text(f"{'0' * 64}  other.tar.gz\n{hashlib.sha256(packed.getvalue()).hexdigest()}  {ARCHIVE}\n")
    return folder


@pytest.fixture
def address(release: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(release))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def fetched(address: str, folder: Path) -> tuple[int, str]:
    """Exit code and words of the script."""
    argv = [sys.executable, ROOT / "scripts" / "release.py", address, "livekit_1", folder]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stdout


def test_a_whole_release_is_unpacked(address: str, tmp_path: Path) -> None:
    assert fetched(address, tmp_path) == (0, "")
    program = tmp_path / "livekit-server"
    assert program.read_bytes() == b"#!/bin/sh"
    assert program.stat().st_mode & 0o111


def test_a_changed_archive_is_refused(address: str, release: Path, tmp_path: Path) -> None:
    (release / ARCHIVE).write_bytes((release / ARCHIVE).read_bytes() + b"\0")
    code, words = fetched(address, tmp_path)
    assert code == 1
    assert "does not match its published checksum" in words
    assert not (tmp_path / "livekit-server").exists()


def test_an_unnamed_archive_is_refused(address: str, release: Path, tmp_path: Path) -> None:
    (release / "checksums.txt").write_text("")
    code, words = fetched(address, tmp_path)
    assert (code, "does not name" in words) == (1, True)


def test_out_of_reach_is_said(tmp_path: Path) -> None:
    code, words = fetched(f"http://127.0.0.1:{free_port()}", tmp_path)
    assert (code, words.count("\n")) == (1, 1)
