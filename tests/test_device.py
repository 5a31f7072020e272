"""What the composition root makes of what its rooms say."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.health import Area
from tests.device import Rig


@pytest.mark.parametrize(
    ("agent", "area", "code", "stands"),
    [
        ("another", Area.SESSION, "bad-key", False),
        ("another", Area.SESSION, "offline", True),
        ("another", Area.ROOM, "join-refused", False),
        ("another", Area.ROOM, "displaced", True),
        ("rig", Area.SESSION, "bad-key", True),
        ("rig", Area.ROOM, "join-refused", True),
    ],
)
async def test_what_the_last_session_met_says_nothing_of_another(tmp_path: Path, agent: str, area: Area, code: str, stands: bool) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(f"session: {{agent_id: {agent}}}\nlog: {{words: true}}\n")
    async with Rig(file) as rig:
        rig.device.health.report(area, code)
        assert rig.device.reload is not None
        assert "log.words" in (await rig.device.reload.now()).applied
        assert (area in rig.device.health.standing()) is stands
