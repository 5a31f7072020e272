"""What the daemon's own edges are made of, where every other composition has something else."""

from __future__ import annotations

from pathlib import Path

from kiosk.config.model import Config
from kiosk.config.secrets import Secret
from kiosk.edges import real_edges
from kiosk.system.memory import tidy


async def test_the_daemon_lets_go_of_what_a_call_has_left_behind(tmp_path: Path) -> None:
    edges = real_edges(Config(), Secret("a-key"), tmp_path / "control.sock")
    assert edges.tidy is tidy
