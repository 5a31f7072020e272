"""What the tests of the sound path share."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from types import SimpleNamespace

import pytest

from kiosk.audio import stderr


@pytest.fixture
def minute_later(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """`minute_later()`: C libraries are heard again, as a minute after a device has failed. Called once before the test, too."""

    def pass_by() -> None:
        with monkeypatch.context() as later:
            later.setattr(stderr, "time", SimpleNamespace(monotonic=lambda: inf))
            stderr.STDERR.look()

    pass_by()
    return pass_by
