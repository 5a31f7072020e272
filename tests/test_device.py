"""What the composition root makes of what its rooms say."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.errors import Retry, SessionError
from kiosk.health import Area
from kiosk.machine.events import Event, On
from kiosk.machine.gestures import Gesture
from kiosk.signals import Indication
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


@pytest.mark.looptime
async def test_a_refusal_that_nobody_waited_for_shows_once_the_call_is_over() -> None:
    async with Rig() as rig:
        device = rig.device
        device.dispatcher.gesture(Gesture.PRESS)
        await rig.live()
        rig.errors.append(SessionError("no", code="no-balance", retry=Retry.REFUSED))
        await device.edges.tokens.trial()
        assert (device.dispatcher.indication, device.health.worst) == (Indication.LISTENING, None)
        device.dispatcher.post(Event(On.HANG_UP))
        assert device.dispatcher.indication is Indication.FAULT


@pytest.mark.looptime
async def test_a_session_that_is_granted_disproves_a_refusal_in_a_call_too() -> None:
    async with Rig() as rig:
        device = rig.device
        device.dispatcher.gesture(Gesture.PRESS)
        await rig.live()
        device.health.report(Area.SESSION, "bad-key")
        assert await device.edges.tokens.trial() is None
        assert device.health.worst is None
