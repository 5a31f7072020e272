"""The slower clock in which an emulated machine plays the demo: every kind of wait is as much longer as the clock is slower."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.parts.process import ROOT

SLOW = 5
INSIDE = 0.1
WAITS = {
    "sleep": "time.sleep(0.1)",
    "lock": "threading.Event().wait(0.1)",
    "select": "select.select([], [], [], 0.1)",
    "poll": "select.poll().poll(100)",
    "epoll": "select.epoll().poll(0.1)",
    "loop": "asyncio.run(asyncio.sleep(0.1))",
    "futex, relative": "libc.syscall(futex, word, 0, 0, ctypes.byref(spec(0.1)), None, 0)",
    "futex, absolute": "libc.syscall(futex, word, 9, 0, ctypes.byref(spec(time.monotonic() + 0.1)), None, -1)",
}
PROGRAM = """\
import asyncio, ctypes, platform, select, sys, threading, time
libc, word = ctypes.CDLL(None), ctypes.byref(ctypes.c_int(0))
futex = {"x86_64": 202, "aarch64": 98}[platform.machine()]
spec = lambda seconds: (ctypes.c_long * 2)(int(seconds), int(seconds % 1 * 1e9))
began, of_day = time.monotonic(), time.time()
eval(sys.argv[1])
print(time.monotonic() - began, time.time() - of_day)
"""
STAMPED = """\
import socket, struct, time
time.sleep(0.2)
here = socket.socket(type=socket.SOCK_DGRAM)
here.bind(("127.0.0.1", 0))
here.setsockopt(socket.SOL_SOCKET, 29, 1)
here.sendto(b"x", here.getsockname())
((_, _, stamp),) = here.recvmsg(10, 100)[1]
seconds, micros = struct.unpack("ll", stamp)
print(time.time() - seconds - micros / 1e6)
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It, made for this machine."""
    if shutil.which("gcc") is None:
        pytest.skip("no C compiler here")
    made = tmp_path_factory.mktemp("slow") / "slow.so"
    subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", made, ROOT / "scripts/deb/slow.c"], check=True)
    return made


def run(library: Path, *words: str) -> list[float]:
    """What a Python program prints whose clock is slower."""
    environment = {**os.environ, "LD_PRELOAD": str(library), "SLOW": str(SLOW), "SLOW_SINCE": str(int(time.time()))}
    done = subprocess.run([sys.executable, "-c", *words], env=environment, capture_output=True, text=True, timeout=60, check=True)
    return [float(word) for word in done.stdout.split()]


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS.keys())
def test_a_wait_is_as_long_inside_and_longer_outside(library: Path, wait: str) -> None:
    began = time.monotonic()
    measured = run(library, PROGRAM, wait)
    outside = time.monotonic() - began
    for inside in measured:
        assert INSIDE - 0.001 <= inside < outside / SLOW + 0.001


def test_the_kernels_stamps_on_packets_are_in_the_same_time(library: Path) -> None:
    (age,) = run(library, STAMPED)
    assert 0 <= age < 0.1
