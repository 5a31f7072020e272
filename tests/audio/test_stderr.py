"""What C libraries write is kept off descriptor 2 when asked, and what others write is not."""

from __future__ import annotations

import ctypes
import os
from math import inf
from types import SimpleNamespace

import pytest

from kiosk.audio import stderr
from kiosk.audio.stderr import Stderr


def write(word: str) -> None:
    """As a C library does, and past it, as Rust and abort() do."""
    ctypes.CDLL(None).perror(f"C {word}".encode())
    os.write(2, f"native {word}\n".encode())


def test_only_c_libraries_are_unheard_and_only_in_the_block(capfd: pytest.CaptureFixture[str]) -> None:
    words = Stderr()
    with words.unheard():
        write("inside")
        with words.unheard():
            write("deep")
        write("still")
    write("after")
    said = capfd.readouterr().err
    assert [line.split(":")[0] for line in said.splitlines()] == ["native inside", "native deep", "native still", "C after", "native after"]


def test_after_a_failure_they_are_unheard_for_a_while(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    words = Stderr()
    words.failed()
    words.look()
    write("at once")
    monkeypatch.setattr(stderr, "time", SimpleNamespace(monotonic=lambda: inf))
    words.look()
    write("later")
    said = capfd.readouterr().err
    assert [line.split(":")[0] for line in said.splitlines()] == ["native at once", "C later", "native later"]
