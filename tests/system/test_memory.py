"""What is left behind goes when it is told to, and what is there from the start is not gone through for it."""

from __future__ import annotations

import subprocess
import sys

PROCESS = """
import gc, weakref
from kiosk.system.memory import settle, tidy

class Thing:
    pass

def left_behind():
    thing = Thing()
    thing.itself = thing
    return weakref.ref(thing)

gc.disable()
old = left_behind()
start = [Thing() for _ in range(1000)]
settle()
assert old() is None and gc.get_freeze_count() > 1000
new = left_behind()
tidy()
assert new() is None and len(gc.get_objects()) < 1000
"""


def test_it_is_told_when_to_look() -> None:
    # In a process of its own: what is settled stays so.
    assert subprocess.run([sys.executable, "-c", PROCESS], check=False).returncode == 0
