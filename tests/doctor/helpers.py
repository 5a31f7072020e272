"""What the doctor's tests share: a person who says what they are told to, and a visit whose means are made up."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from kiosk.audio.ports import SoundCard
from kiosk.config.model import Config
from kiosk.doctor.visit import Means, Visit
from kiosk.edges import call_maker
from kiosk.panel.driver import Driver
from kiosk.sim.panel import SimPanel
from kiosk.sim.soundcard import SimulatedCard


class Actor:
    """A `Person`; `told` is what they saw and were asked."""

    def __init__(self, *, there: bool = False, says: bool | None = None) -> None:
        self.there = there
        self.says = says
        self.told: list[str] = []
        self.levels: list[float] = []

    def tell(self, text: str) -> None:
        if text and text not in self.told[-1:]:
            self.told.append(text)

    def meter(self, dbfs: float) -> None:
        self.levels.append(dbfs)

    async def ask(self, question: str, seconds: float) -> bool | None:
        self.told.append(question)
        return self.says


@asynccontextmanager
async def visit(
    folder: Path = Path("/nowhere"),
    *,
    config: Mapping[str, Any] | None = None,
    person: Actor | None = None,
    environ: Mapping[str, str] | None = None,
    session: bool = False,
    card: SoundCard | None = None,
    driver: Driver | None = None,
    tls: ssl.SSLContext | None = None,
    stun_ports: tuple[int, ...] = (3478, 443),
) -> AsyncGenerator[Visit]:
    """A visit at whose end everything is given back."""
    means = Means(
        file=folder / "config.yaml",
        socket=folder / "control.sock",
        environ=environ or {},
        person=person or Actor(),
        session=session,
        card=lambda: card or SimulatedCard(),
        driver=lambda _: driver or SimPanel(),
        call=call_maker,
        root=folder,
        tls=tls,
        stun_ports=stun_ports,
    )
    async with AsyncExitStack() as exits:
        made = Visit(means, exits)
        made.config = Config.model_validate({"session": {"agent_id": "a"}, **(config or {})})
        yield made
