"""Where a short-lived command works."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

PLACES: Final = (None, "/run", "/dev/shm")  # noqa: S108  a folder of one's own is made there, as mkdtemp() makes it
"""Tried in this order: the usual place, and what is in memory where that is on a full or read-only disk."""


@contextmanager
def scratch() -> Generator[str]:
    """For the block a working directory of its own, then gone: lgpio keeps its FIFOs there. Where none can be had, it is the old one.

    Yields why no temporary files can be made in the usual place; empty where they can.
    """
    folder, why = _made()
    if folder is None:
        yield why
        return
    try:
        os.chdir(folder)
        yield why
    finally:
        os.chdir("/")
        shutil.rmtree(folder, ignore_errors=True)


def _made() -> tuple[str | None, str]:
    why = ""
    for place in PLACES:
        try:
            return tempfile.mkdtemp(prefix="voice-kiosk-", dir=place), why
        except OSError as error:
            why = why or f"temporary files cannot be made ({error.strerror or error})"
    return None, why
