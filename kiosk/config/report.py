"""What `voice-kiosk check` says of a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kiosk.config.effective import effective
from kiosk.config.loader import load
from kiosk.config.model import Config
from kiosk.config.secrets import find_api_key
from kiosk.errors import ConfigError, SealedKeyError

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


def report(
    path: Path, environ: Mapping[str, str] | None = None, machine: Path = Path("/"), look: Callable[[Config], list[str]] = lambda _: []
) -> Report:
    """Every problem of the file, or `ok` and the effective configuration with secrets masked.

    With `environ` the API key is looked for as the daemon on this `machine` (its root) does, and a missing or unsafe one is a problem too;
    one that systemd alone can read is a warning; so is what `look` finds on that machine. `environ` is left as it is.
    """
    remarks: list[str] = []
    try:
        config = load(path)
    except ConfigError as error:
        return Report("\n".join([*error.problems, _count(error)]), ok=False)
    if environ is not None:
        try:
            find_api_key(config, dict(environ), machine)
        except SealedKeyError as sealed:
            remarks = [f"{sealed}; {sealed.hint}"]
        except ConfigError as error:
            return Report("\n".join([*error.problems, _count(error)]), ok=False)
        remarks += look(config)
    warnings = "".join(f"warning: {remark}\n" for remark in remarks)
    return Report(f"ok: {path}\n{warnings}\n{effective(config)}".rstrip(), ok=True)


def _count(error: ConfigError) -> str:
    number = len(error.problems)
    return f"{number} problem{'s' if number != 1 else ''}: this configuration cannot run"
