"""What C libraries write is kept off descriptor 2 when asked, and what others write is not."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable

import pytest

from kiosk.audio.stderr import STDERR


def write(word: str) -> None:
    """As a C library does, and past it, as Rust and abort() do."""
    ctypes.CDLL(None).perror(f"C {word}".encode())
    os.write(2, f"native {word}\n".encode())


@pytest.mark.usefixtures("minute_later")
def test_only_c_libraries_are_unheard_and_only_in_the_block(capfd: pytest.CaptureFixture[str]) -> None:
    with STDERR.unheard():
        write("inside")
        with STDERR.unheard():
            write("deep")
        write("still")
    write("after")
    said = capfd.readouterr().err
    assert [line.split(":")[0] for line in said.splitlines()] == ["native inside", "native deep", "native still", "C after", "native after"]


def test_after_a_failure_they_are_unheard_for_a_while(capfd: pytest.CaptureFixture[str], minute_later: Callable[[], None]) -> None:
    STDERR.failed()
    STDERR.look()
    write("at once")
    minute_later()
    write("later")
    said = capfd.readouterr().err
    assert [line.split(":")[0] for line in said.splitlines()] == ["native at once", "C later", "native later"]
