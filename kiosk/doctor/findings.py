"""What the doctor says of a link, and what all of it comes to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from kiosk.errors import PanelError, RoomError, SessionError, SoundError
from kiosk.faults import FAULTS

Figure = float | int | str | bool | None
Figures = Mapping[str, Figure | list[str]]


class Verdict(StrEnum):
    """How a link is."""

    OK = "ok"
    WARNING = "warning"
    """It works, but somebody should look."""
    FAILURE = "failure"
    """The kiosk cannot do its work like this."""
    SKIPPED = "skipped"
    """Not looked at; the words say why."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One link as it was found."""

    link: str
    verdict: Verdict
    words: str
    mend: str = ""
    """What mends it; empty where nothing is to be mended."""
    figures: Figures = field(default_factory=dict[str, Figure])
    """What was measured; the unit ends the name."""


EXIT_WARNING: Final = 1
EXIT_FAILURE: Final = 2
EXIT_CANNOT_RUN: Final = 78
"""EX_CONFIG of sysexits.h, as `check` and `run` have it."""
_CANNOT_RUN: Final = frozenset({"configuration", "key"})


def ok(link: str, words: str, **figures: Figure | list[str]) -> Finding:
    """All is well with it."""
    return Finding(link, Verdict.OK, words, figures=figures)


def warning(link: str, words: str, mend: str, **figures: Figure | list[str]) -> Finding:
    """Somebody should look."""
    return Finding(link, Verdict.WARNING, words, mend, figures)


def failure(link: str, words: str, mend: str, **figures: Figure | list[str]) -> Finding:
    """It does not work."""
    return Finding(link, Verdict.FAILURE, words, mend, figures)


def broken(link: str, error: PanelError | RoomError | SessionError | SoundError, **figures: Figure | list[str]) -> Finding:
    """A registered fault met on the way."""
    return failure(link, str(error), mend_of(error), code=error.code, **figures)


def mend_of(error: PanelError | RoomError | SessionError | SoundError) -> str:
    """What the error itself says, else the register."""
    return error.hint or FAULTS[error.code].mend


def skipped(link: str, words: str, mend: str = "", **figures: Figure | list[str]) -> Finding:
    """Not looked at, because …"""
    return Finding(link, Verdict.SKIPPED, words, mend, figures)


def overall(findings: Iterable[Finding]) -> Verdict:
    """The worst of them; ok where nothing is worse, whatever was skipped."""
    seen = {finding.verdict for finding in findings}
    return next((verdict for verdict in (Verdict.FAILURE, Verdict.WARNING) if verdict in seen), Verdict.OK)


def exit_code(findings: Iterable[Finding]) -> int:
    """0 all well, 1 warnings alone, 2 a failure, 78 where configuration or key keep the daemon from running."""
    found = list(findings)
    if any(finding.verdict is Verdict.FAILURE and finding.link in _CANNOT_RUN for finding in found):
        return EXIT_CANNOT_RUN
    return {Verdict.FAILURE: EXIT_FAILURE, Verdict.WARNING: EXIT_WARNING}.get(overall(found), 0)


def counted(number: int, one: str, many: str = "") -> str:
    """`1 word`, `2 words`."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"
