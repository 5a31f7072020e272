"""The links configuration and key."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from kiosk.audio.earcons import LONGEST, usable
from kiosk.config.loader import load
from kiosk.config.model import Config
from kiosk.config.secrets import Secret, find_api_key
from kiosk.doctor.aside import aside
from kiosk.doctor.findings import Finding, counted, failure, ok, skipped, warning
from kiosk.doctor.visit import Visit
from kiosk.errors import ConfigError, SealedKeyError
from kiosk.system.redact import register_secret

SHORT: Final = 8
"""Characters below which no service gives out a key."""


@dataclass(frozen=True, slots=True)
class KeyFile:
    """What the file system says of the key's file. None where it may not say."""

    path: Path
    exists: bool | None
    readable: bool
    mode: int = 0
    owner: int = 0


def judge_configuration(file: Path, problems: list[str], tones: list[str], config: Config) -> Finding:
    """`problems`: all that is wrong with it; `tones`: what is wrong with the files that it names as tones."""
    if problems:
        more = f" (and {len(problems) - 1} more)" if problems[1:] else ""
        mend = f"sudo voice-kiosk edit {file}; all of it: voice-kiosk check {file}"
        return failure("configuration", f"{problems[0]}{more}", mend, problems=problems)
    if tones:
        mend = f"16 bit PCM, up to {LONGEST:g} s, readable by the daemon: mend the file, or sudo voice-kiosk edit {file}"
        return warning("configuration", "; ".join(tones), mend, tones=tones)
    session = config.session
    return ok("configuration", f"{file}: mode {config.talk.mode}, {session.form} at {session.url}", file=str(file), url=session.url)


def judge_key(file: KeyFile, source: str, problem: str, length: int, *, euid: int) -> Finding:
    """`source`: where the key was taken from, empty for nowhere; `problem`: why it cannot be used; `length`: of the key."""
    if not source:
        return _no_key(file, problem, euid)
    if length < SHORT:
        return warning("key", f"from {source}: {counted(length, 'character')} is short for a key", "put the whole key there", source=source)
    if source != str(file.path):
        return ok("key", f"from {source}, {length} characters", source=source)
    if file.owner not in (0, euid):
        return warning("key", f"{file.path} belongs to uid {file.owner}", f"sudo chown root: {file.path}", **_figures(file))
    return ok("key", f"{file.path}, mode {file.mode:04o}, {length} characters", **_figures(file))


def _no_key(file: KeyFile, problem: str, euid: int) -> Finding:
    if not problem:
        return ok("key", "none, and none is needed: the API is on this machine")
    if euid != 0 and (file.exists is None or (file.exists and not file.readable)):
        return skipped("key", f"{file.path} may not be read by you", "use sudo", **_figures(file))
    mend = f"sudo install -m 0600 /dev/stdin {file.path}, paste the key, Enter, Ctrl-D"
    return failure("key", problem, mend, **_figures(file))


def _figures(file: KeyFile) -> dict[str, str | None]:
    return {"file": str(file.path), "mode": f"{file.mode:04o}" if file.exists else None}


async def configuration(visit: Visit) -> Finding:
    """Loads the file as the daemon does."""
    problems: list[str] = []
    tones: list[str] = []
    try:
        visit.config = await aside(partial(load, visit.means.file))
        await aside(partial(usable, visit.config.earcons.files, tones.append))
    except ConfigError as error:
        problems = error.problems
    return judge_configuration(visit.means.file, problems, tones, visit.config)


async def key(visit: Visit) -> Finding:
    """Looks for the key where the daemon does, and at what systemd has handed to it. It is registered as a secret and never shown."""
    file = Path(visit.config.credentials.api_key_file)
    problem = source = ""
    try:
        visit.key, source = await aside(partial(find_api_key, visit.config, dict(visit.means.environ), visit.means.root))
    except SealedKeyError as sealed:
        return warning("key", str(sealed), sealed.hint)
    except ConfigError as error:
        problem = error.problems[0]
    if visit.key is not None:
        register_secret(visit.key.reveal())
    seen = await aside(partial(_look, file))
    return judge_key(seen, source, problem, _length(visit.key), euid=os.geteuid())


def _length(key: Secret | None) -> int:
    return len(key.reveal()) if key else 0


def _look(file: Path) -> KeyFile:
    try:
        status = file.stat()
    except FileNotFoundError:
        return KeyFile(file, exists=False, readable=False)
    except OSError:
        return KeyFile(file, exists=None, readable=False)
    return KeyFile(file, exists=True, readable=os.access(file, os.R_OK), mode=stat.S_IMODE(status.st_mode), owner=status.st_uid)
