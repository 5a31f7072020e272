"""What the tests of the loopback world share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from kiosk.sim.world import World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A loopback world whose agents only hear."""
    async with World("silent") as world:
        yield world
