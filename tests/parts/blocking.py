"""Calls that may block, made by the daemon's own code on an event loop's thread: noted with their stacks, wherever the loop runs."""

from __future__ import annotations

import traceback
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import pytest
from blockbuster import BlockingError, blockbuster, blockbuster_ctx

ALLOWED: Final[dict[str, set[str]]] = {
    # A module that is imported late is read once, and those of the parts that run for ever when they begin.
    "<frozen importlib._bootstrap>": {"_find_and_load"},
    # pytest's own handlers write where they stand; the daemon's has a thread (kiosk/system/background.py).
    "logging/__init__.py": {"callHandlers"},
    # The device is put together before anybody is served.
    "kiosk/status.py": {"__init__"},
    "kiosk/audio/card.py": {"__init__"},
    # The tests' own ends of the virtual card are opened where the test stands.
    "tests/parts/cable.py": {"__init__"},
    # A press whose consequences keep the loop busy is what is tried there.
    "tests/panel/test_pins.py": {"busy"},
    # So is the hall's configuration written.
    "tests/live/hall.py": {"write"},
    # The control socket is hung up once, in the runtime folder, which is memory.
    "kiosk/control/door.py": {"listening"},
    # The thread has said its last word: what is joined are the interpreter's last instructions for it.
    "kiosk/audio/direction.py": {"_join"},
}
"""Functions, by the end of their file's name, in which blocking is deliberate."""


class Noted(BlockingError):
    """A BlockingError that is remembered although somebody may catch it."""

    caught: list[str]

    def __init__(self, name: str) -> None:
        super().__init__(name)
        frames = [frame for frame in traceback.extract_stack() if "/kiosk/" in frame.filename]
        self.caught.append(f"blocking call to {name}\n{''.join(traceback.format_list(frames))}")


@contextmanager
def watched(caught: list[str]) -> Generator[None]:
    """Every such call raises BlockingError and is added to `caught`.

    The simulated world is no daemon's code: what it does to the loop that it shares with one is the test's own matter.
    """
    with pytest.MonkeyPatch.context() as patch, blockbuster_ctx("kiosk", excluded_modules=["kiosk.sim"]) as busters:
        patch.setattr(blockbuster, "BlockingError", Noted)
        patch.setattr(Noted, "caught", caught, raising=False)
        for function in busters.functions.values():
            for file, names in ALLOWED.items():
                function.can_block_in(file, names)
        yield
