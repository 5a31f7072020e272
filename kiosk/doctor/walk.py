"""The walk along the chain: link after link, each in its own time, none after a failure that it stands on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from kiosk.doctor.aside import aside
from kiosk.doctor.findings import Finding, Verdict, failure, skipped
from kiosk.doctor.visit import Visit

STUMBLED: Final = "this is the doctor's own fault: report it with the output of voice-kiosk --version"
_DEVICES: Final = "devices"
"""The link that says whose they are."""


@dataclass(frozen=True, slots=True)
class Link:
    """One of them. `ground` names the links that it stands on, `limit` is in seconds."""

    name: str
    probe: Callable[[Visit], Awaitable[Finding]]
    limit: float
    ground: tuple[str, ...] = ()


async def walk(links: Sequence[Link], visit: Visit) -> AsyncGenerator[Finding]:
    """Their findings, each as soon as it is there. A probe that hangs or raises is a failure of its link."""
    for link in links:
        finding = await examined(link, visit)
        visit.means.person.tell("")
        yield finding


async def examined(link: Link, visit: Visit) -> Finding:
    """One link's finding, noted in the visit for those that stand on it."""
    missing = next((name for name in link.ground if name in visit.lacking), None)
    if missing is not None:
        visit.lacking.add(link.name)
        return skipped(link.name, f"not looked at, because of: {missing}")
    if _DEVICES in link.ground and visit.loan is not None and await aside(lambda: visit.loan is not None and visit.loan.over):
        return skipped(link.name, "not looked at: the daemon has taken the devices back")
    visit.means.person.tell(f"{link.name} …")
    try:
        async with asyncio.timeout(link.limit):
            finding = await link.probe(visit)
    except TimeoutError:
        finding = failure(link.name, f"no result within {link.limit:g} s", "try again; if it hangs each time, look at this part first")
    except Exception as error:
        finding = failure(link.name, f"could not be examined: {type(error).__name__}: {error}", STUMBLED)
    if finding.verdict is Verdict.FAILURE:
        visit.lacking.add(link.name)
    return finding
