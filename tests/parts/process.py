"""Child processes that cannot outlive the test run."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The project's folder."""


def guarded(argv: Sequence[str | Path]) -> list[str | Path]:
    """The command that starts `argv` so that it gets SIGKILL when the THREAD that starts it ends: start from the main thread.

    util-linux' setpriv asks the kernel for it, because a preexec_fn is unsafe beside threads.
    """
    return ["setpriv", "--pdeathsig", "KILL", *argv]


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port of 127.0.0.1 that nobody has at this moment."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
