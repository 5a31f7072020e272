"""Where a short-lived command works."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def scratch() -> Generator[None]:
    """For the block a working directory of its own, then gone: lgpio keeps its FIFOs there."""
    with tempfile.TemporaryDirectory(prefix="voice-kiosk-") as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir("/")
