"""What the long runs have in common with the tests of faults."""

from __future__ import annotations

from tests.faults.conftest import report
from tests.live.conftest import livekit_binary, server

__all__ = ["livekit_binary", "report", "server"]
