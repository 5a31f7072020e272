"""What the daemon starts with: the configuration file, or the last good one where the file cannot run."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path

from kiosk.config.loader import parse, read
from kiosk.config.model import Config
from kiosk.config.secrets import VARIABLE, Secret, load_api_key
from kiosk.errors import ConfigError
from kiosk.lastgood import LastGood, state_folder


@dataclass(frozen=True, slots=True)
class Boot:
    """A configuration that can run, its key, and where both came from."""

    config: Config
    key: Secret | None
    path: Path
    """The configuration file, whatever `config` was read from."""
    text: bytes
    """What `config` was read from."""
    last_good: LastGood
    problems: tuple[str, ...] = ()
    """Why the file cannot run, where the last good one runs instead."""


def boot(path: Path, environ: MutableMapping[str, str]) -> Boot:
    """Read the file and the key; where they cannot run, the last good file. The key is taken out of `environ`.

    Raises ConfigError with the problems of both where neither runs.
    """
    last_good = LastGood(state_folder(path, environ))
    environment = dict(environ)
    environ.pop(VARIABLE, None)
    try:
        text = read(path)
        config, key = _usable(text, str(path), environment)
        return Boot(config, key, path, text, last_good)
    except ConfigError as error:
        bad = error
    try:
        kept = last_good.read()
        if kept is None:
            raise bad
        config, key = _usable(kept, str(last_good.path), environment)
    except ConfigError as error:
        raise bad if error is bad else ConfigError([*bad.problems, *error.problems], hint=bad.hint) from None
    return Boot(config, key, path, kept, last_good, tuple(bad.problems))


def _usable(text: bytes, name: str, environment: MutableMapping[str, str]) -> tuple[Config, Secret | None]:
    config = parse(text, name)
    return config, load_api_key(config, dict(environment))
