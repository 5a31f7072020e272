"""The real parts, for the tests that stand on them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest
import soxr

from tests.parts.framework_agent.agent import agents_python
from tests.parts.livekit_server import LiveKitServer, server_binary
from tests.parts.pipewire import PipeWire, virtual_card
from tests.parts.process import ROOT
from tests.parts.recording import RATE, Samples, read_wav


@pytest.fixture(scope="session", autouse=True)
def card(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipeWire]:
    """One virtual sound card for all tests."""
    with virtual_card(tmp_path_factory.mktemp("pipewire")) as running:
        yield running


@pytest.fixture(scope="session")
def livekit_binary() -> Path:
    """The media server, found or built."""
    return server_binary()


@pytest.fixture(scope="session")
def framework_python() -> Path:
    """The Python of LiveKit's agent framework, in a venv of its own."""
    return agents_python()


@pytest.fixture
async def server(livekit_binary: Path, tmp_path: Path) -> AsyncIterator[LiveKitServer]:
    """A media server of the test's own."""
    async with LiveKitServer(livekit_binary, tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def sentence() -> Samples:
    """The visitor's sentence at 48 kHz."""
    samples, rate = read_wav(ROOT / "kiosk" / "sim" / "speech" / "visitor.wav")
    return np.asarray(soxr.resample(samples, rate, RATE), dtype=np.int16)
