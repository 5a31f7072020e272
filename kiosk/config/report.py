"""What `voice-kiosk check` says of a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kiosk.config.effective import effective
from kiosk.config.loader import load
from kiosk.config.secrets import load_api_key
from kiosk.errors import ConfigError

CANNOT_RUN: Final = 78
"""EX_CONFIG of sysexits.h; the unit's RestartPreventExitStatus names it."""


@dataclass(frozen=True, slots=True)
class Report:
    """Text for the terminal, whether it is all well, and the exit code (0 or 78)."""

    text: str
    ok: bool

    @property
    def exit_code(self) -> int:
        """0, or 78 for a configuration that cannot run."""
        return 0 if self.ok else CANNOT_RUN


def report(path: Path, environ: Mapping[str, str] | None = None) -> Report:
    """Every problem of the file, or `ok` and the effective configuration with secrets masked.

    With `environ` the API key is looked for as `run` would, and a missing or unsafe one is a problem too; `environ` is left as it is.
    """
    try:
        config = load(path)
    except ConfigError as error:
        return Report("\n".join([*error.problems, _count(error)]), ok=False)
    if environ is not None:
        try:
            load_api_key(config, dict(environ))
        except ConfigError as error:
            return Report("\n".join([*error.problems, _count(error)]), ok=False)
    return Report(f"ok: {path}\n\n{effective(config)}".rstrip(), ok=True)


def _count(error: ConfigError) -> str:
    number = len(error.problems)
    return f"{number} problem{'s' if number != 1 else ''}: this configuration cannot run"
