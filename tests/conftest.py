"""What every test stands on."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import hypothesis
import pytest

from tests.parts.blocking import watched
from tests.parts.process import ROOT
from tests.secrecy import Reader, reading

# Examples are timed by the wall; on shared cores that says nothing of the code.
hypothesis.settings.register_profile("shared-cores", deadline=None)
hypothesis.settings.load_profile("shared-cores")

# pytest-asyncio asks for the current loop before it makes its own; without this word asyncio makes one up that nobody closes.
asyncio.set_event_loop(None)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's background job ignores Ctrl-C, and so would everything the tests start, where it is tried.
    signal.signal(signal.SIGINT, signal.default_int_handler)

BLOCKED: list[str] = []
"""What the daemon's code did on a loop that may block it, since the last test."""


@pytest.fixture(scope="session", autouse=True)
def _watch() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]  (pytest uses it)
    with watched(BLOCKED):
        yield


@pytest.fixture(autouse=True)
def _loop_never_blocked() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    """Nothing of ours may block an event loop, in any test."""
    BLOCKED.clear()
    yield
    assert not BLOCKED, BLOCKED[0]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--figures FILE`: where the rows of faults that were measured are written, a JSON line each."""
    parser.addoption("--figures", type=Path, default=None)


REAL = {"demo", "faults", "live", "room", "sim"}
"""Folders whose tests live in real time: rooms, sound, networks. On busy cores they would measure the cores."""


STILL = {"demo/test_report.py", "demo/test_trace.py", "live/test_align.py", "sim/test_parts.py"}
"""Files there that only compute."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is `real`; where tests run side by side (`--dist loadgroup`), the faults are one row of tests and all else real another."""
    for item in items:
        file = item.path.relative_to(ROOT / "tests")
        folders = set(file.parts)
        if item.get_closest_marker("looptime") or str(file) in STILL:
            continue
        if folders & REAL or {"card", "pipewire", "server"}.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.real)
            item.add_marker(pytest.mark.xdist_group("faults" if "faults" in folders else "other"))
            if not item.get_closest_marker("flaky"):
                # Real time on two shared cores: what fails once and then holds was the cores'. `scripts/faults` counts every try.
                item.add_marker(pytest.mark.flaky(reruns=2))


@pytest.fixture(scope="session", autouse=True)
def reader() -> Iterator[Reader]:
    """Reads every log record of the run."""
    made = Reader()
    with reading(made):
        yield made


@pytest.fixture(autouse=True)
def secrecy(reader: Reader) -> Iterator[Reader]:
    """No test's log holds a key or a token, in any field, whatever the level and the logger."""
    yield reader
    leaks, reader.leaks = reader.leaks, []
    assert leaks == []


def pytest_unconfigure() -> None:
    """Dispose of the native library while the interpreter is whole: left to its end, one run in thirty aborts."""
    module = cast(Any, sys.modules.get("livekit.rtc._ffi_client"))
    if module is not None and module.FfiClient._instance is not None:
        module.FfiClient._instance._dispose()
