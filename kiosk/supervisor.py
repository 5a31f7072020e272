"""Supervised parts: each runs for ever, is restarted with backoff when it fails, and is reported when it keeps failing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from kiosk.backoff import Backoff
from kiosk.health import Area, Health

_log = logging.getLogger(__name__)

STEADY: Final = 60.0
"""Seconds that a part must run to be well again; its next failure then counts as the first."""
BUDGET: Final = 5
"""Failures in a row after which the part is reported as a fault; it is restarted all the same."""


async def keep_running(name: str, part: Callable[[], Awaitable[None]], health: Health, area: Area = Area.INTERNAL) -> None:
    """Run `part` for ever. Ends only by cancellation; whatever it raises or returns leads to the next start."""
    backoff = Backoff(base=0.5, cap=30.0)
    loop = asyncio.get_running_loop()

    def well() -> None:
        backoff.reset()
        # Parts share their area: what another one has reported stands.
        if any(report.area is area and report.detail == name for report in health.reports()):
            health.clear(area)

    while True:
        steady = loop.call_later(STEADY, well)
        try:
            await part()
            _log.error("%s ended by itself; it is started again", name, extra=_extra(name))
        except Exception:
            level = logging.ERROR if backoff.attempt == 0 else logging.DEBUG
            _log.log(level, "%s failed; it is started again", name, exc_info=True, extra=_extra(name))
        finally:
            steady.cancel()
        delay = backoff.next()
        if backoff.attempt >= BUDGET:
            health.report(area, "internal", name)
        await asyncio.sleep(delay)


def _extra(name: str) -> dict[str, object]:
    return {"kind": "part failed", "cause": f"part {name}", "fields": {"PART": name}}
