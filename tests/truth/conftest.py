"""The real parts, for the shorter test on them."""

from __future__ import annotations

from tests.live.conftest import card, livekit_binary, server

__all__ = ["card", "livekit_binary", "server"]
