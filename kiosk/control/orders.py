"""What may be asked of the daemon, and in which shape."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import Annotated, Final, Protocol

from pydantic import BaseModel, ConfigDict, Field

from kiosk.control.record import Status
from kiosk.machine.states import State
from kiosk.signals import Indication

LOUDEST: Final = 12.0
QUIETEST: Final = -60.0
"""dB within which the speaker's gain may be set at run time: beyond the one everything is clipped, below the other nothing is heard."""


class Order(StrEnum):
    """An act on the running daemon, without a parameter."""

    PRESS = "press"
    RELEASE = "release"
    MUTE = "mute"
    UNMUTE = "unmute"
    HANG_UP = "hangup"


class Volume(BaseModel):
    """The speaker's software gain."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    gain_db: Annotated[float, Field(ge=QUIETEST, le=LOUDEST, allow_inf_nan=False)]


class Loudness(BaseModel):
    """The speaker's gain as it is and as it is configured, in dB."""

    gain_db: float
    configured_db: float


class Done(BaseModel):
    """What came of an order."""

    said: str
    """In words for a person."""
    state: State
    indication: Indication


class Reloaded(BaseModel):
    """What came of reading the configuration again: the keys by what became of them, or `problems` of a file that changed nothing."""

    file: str
    applied: tuple[str, ...]
    waiting: tuple[str, ...]
    """For the end of the call."""
    restart: tuple[str, ...]
    """For a restart of the daemon."""
    problems: tuple[str, ...]
    words: str


class Problem(BaseModel):
    """Why a request was not carried out."""

    error: str


class Board(Protocol):
    """The daemon as its control sees it. Nothing waits but `status`, `reload` and the beginning of a loan."""

    async def status(self) -> Status: ...
    async def reload(self, who: str) -> Reloaded | None:
        """None where the configuration is no file's. Cancelled, it goes on all the same."""
        ...

    def obey(self, order: Order, who: str) -> Done: ...
    def loudness(self) -> Loudness: ...
    def set_gain(self, gain_db: float, who: str) -> None: ...
    def lend(self, who: str) -> AbstractAsyncContextManager[float]:
        """For the block microphone, speaker, button and LED are free for somebody else, so many seconds at most. Raises LoanError."""
        ...

    def present(self) -> Mapping[str, object]:
        """The state as an event, for a listener that has just come."""
        ...
