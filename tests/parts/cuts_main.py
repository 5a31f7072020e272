"""A process that is killed while it writes, again and again: `python -m tests.parts.cuts_main FOLDER COUNT` prints what was left."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from kiosk.system.files import write_atomically


def content(number: int) -> bytes:
    """A text that tells whether it is whole."""
    body = f"{number}\n".encode() * random.Random(number).randint(1, 10_000)
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def whole(data: bytes) -> bool:
    """Whether it is one of `content`'s."""
    digest, _, body = data.partition(b"\n")
    return hashlib.sha256(body).hexdigest().encode() == digest


def write_for_ever(path: Path) -> None:
    for number in range(sys.maxsize):
        write_atomically(path, content(number))


def main() -> None:
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    path, torn, inside = folder / "file", 0, 0
    write_atomically(path, content(0))
    for _ in range(count):
        child = os.fork()
        if child == 0:
            write_for_ever(path)
        time.sleep(random.uniform(0.0, 0.01))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        torn += not whole(path.read_bytes())
        for left in folder.glob(".file.*"):
            inside += 1
            left.unlink()
    print(json.dumps({"torn": torn, "inside": inside}))


if __name__ == "__main__":
    main()
