"""One visit of the doctor: what it may use, and what the links found so far leave for those after them."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from kiosk.audio.ports import SoundCard
from kiosk.config.model import Config
from kiosk.config.secrets import Secret
from kiosk.control.client import Loan
from kiosk.control.record import Status
from kiosk.doctor.acoustics import Echo
from kiosk.link import NewCall
from kiosk.panel.driver import Driver
from kiosk.room.protocol import RoomStatistics
from kiosk.session.client import Client
from kiosk.session.grant import Grant


class Person(Protocol):
    """Who stands beside the kiosk, if anybody does."""

    @property
    def there(self) -> bool:
        """Questions may be asked."""
        ...

    def tell(self, text: str) -> None:
        """What is going on, in place of what was told before; empty for nothing."""
        ...

    def meter(self, dbfs: float) -> None:
        """How loud it is now."""
        ...

    async def ask(self, question: str, seconds: float) -> bool | None:
        """Yes or no; None where there was no answer in time."""
        ...


@dataclass(frozen=True)
class Means:
    """What a visit works with."""

    file: Path
    """The configuration."""
    socket: Path
    """The daemon's."""
    environ: Mapping[str, str]
    person: Person
    session: bool
    """A real session may be asked for, and a call made."""
    card: Callable[[], SoundCard]
    driver: Callable[[Config], Driver]
    call: Callable[[Config], NewCall]
    root: Path = Path("/")
    """Where the machine tells of itself."""
    tls: ssl.SSLContext | None = None
    """In place of the system's trust."""
    stun_ports: tuple[int, ...] = (3478, 443)
    cramped: str = ""
    """Why no temporary files can be made; empty where they can."""


@dataclass
class Visit:
    """`means`, and what was found on the way."""

    means: Means
    exits: AsyncExitStack
    """What is given back at the end of the visit."""
    lacking: set[str] = field(default_factory=set[str])
    """Links that failed, or were not looked at because of one that did."""
    config: Config = field(default_factory=Config)
    """The file's, else the defaults."""
    key: Secret | None = None
    status: Status | None = None
    """The daemon's, where one runs."""
    client: Client | None = None
    addresses: list[str] = field(default_factory=list[str])
    clock_ahead: float | None = None
    certificate: str = ""
    """Why it is not valid by this device's clock."""
    grant: Grant | None = None
    statistics: RoomStatistics | None = None
    loan: Loan | None = None
    echo: Echo | None = None
    """How the speaker was heard back."""
