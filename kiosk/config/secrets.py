"""The API key: where it may come from, and a wrapper that no log, error or report can read it through."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn
from urllib.parse import urlsplit

from kiosk.config.model import Config
from kiosk.config.source import read_source, refusal
from kiosk.config.urls import is_loopback
from kiosk.errors import ConfigError, SealedKeyError

VARIABLE: Final = "VOICE_KIOSK_API_KEY"
CREDENTIAL: Final = "api-key"
"""Name under `$CREDENTIALS_DIRECTORY` (systemd.exec(5), `LoadCredential=api-key:…`)."""
HANDED_OUT: Final = Path("run/credentials/voice-kiosk.service", CREDENTIAL)
"""The same in the running unit, under the machine's root; nobody but root and the daemon may read it."""
DROP_INS: Final = Path("etc/systemd/system/voice-kiosk.service.d")
"""Where `systemctl edit voice-kiosk` writes."""
_LIMIT: Final = 4096
_SEALED: Final = re.compile(rf"^LoadCredentialEncrypted={CREDENTIAL}:/(.+?)\s*$", re.MULTILINE)
_MASK: Final = "********"
_TOKEN: Final = re.compile(r"\beyJ[A-Za-z0-9_-]{5,}(\.[A-Za-z0-9_-]*)*|(?i:\bbearer\s+\S+)")


class Secret:
    """A text that shows itself only to `reveal()`; printing, formatting and logging give stars, pickling is refused."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself, for the one place that sends it."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({_MASK})"

    def __str__(self) -> str:
        return _MASK

    def __format__(self, spec: str) -> str:
        return format(_MASK, spec)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is not pickled or copied")


def mask(text: str, *secrets: Secret | None) -> str:
    """`text` with the secrets, everything shaped like a JWT, and everything after `Bearer` starred out."""
    for secret in secrets:
        if secret is not None:
            text = text.replace(secret.reveal(), _MASK)
    return _TOKEN.sub(_MASK, text)


def load_api_key(config: Config, environ: MutableMapping[str, str]) -> Secret | None:
    """The key from systemd's credential, else VOICE_KIOSK_API_KEY (taken out of `environ` in any case), else the file.

    None only where the API is on this machine (loopback) and no key is found. Raises ConfigError, never with the content:
    for a file that others may read, that is larger than 4 KiB or no single line of printable ASCII, or when there is none.
    """
    return find_api_key(config, environ)[0]


def find_api_key(config: Config, environ: MutableMapping[str, str], machine: Path | None = None) -> tuple[Secret | None, str]:
    """As `load_api_key`, and in words where the key was found; empty where there is none.

    machine: the root of the machine whose daemon the caller stands beside. Where a drop-in of its unit loads an encrypted key, what systemd
    has handed to the running daemon is looked at last; SealedKeyError where that may not be read or no daemon runs.
    """
    variable = environ.pop(VARIABLE, "").strip()
    directory = environ.get("CREDENTIALS_DIRECTORY")
    credential = Path(directory, CREDENTIAL) if directory else None
    # The service manager sets the mode of its own directory and lets nobody else in: only the content is checked there.
    if credential and (value := _read(credential, private=False)) is not None:
        return Secret(value), f"systemd's credential {CREDENTIAL}"
    if variable:
        return Secret(_checked(variable, Path(f"${VARIABLE}"))), f"the environment's {VARIABLE}"
    file = Path(config.credentials.api_key_file)
    if (value := _read(file, private=True)) is not None:
        return Secret(value), str(file)
    # Only then: a daemon that was started with a plain file would not be started again without it.
    sealed = _sealed(machine) if machine else None
    if machine and sealed and (value := _handed_out(machine)) is not None:
        return Secret(value), f"systemd's credential {CREDENTIAL} of the running daemon"
    if is_loopback(urlsplit(config.session.url).hostname):
        return None, ""
    if sealed:
        what = f"{sealed}: the API key is encrypted for systemd, so it could not be looked at"
        raise SealedKeyError([what], hint="look again with sudo while the daemon runs: systemctl start voice-kiosk")
    hint = f"write the key alone into {file}, then: chmod 600 {file} (or use systemd's LoadCredential={CREDENTIAL}:…, or {VARIABLE})"
    raise ConfigError([f"{file}: no API key: {hint}"], hint=hint)


def _handed_out(machine: Path) -> str | None:
    with suppress(ConfigError):
        return _read(machine / HANDED_OUT, private=False)
    return None


def _sealed(machine: Path) -> Path | None:
    """The file of an encrypted key that a drop-in loads and that is there."""
    for drop_in in sorted((machine / DROP_INS).glob("*.conf")):
        with suppress(OSError, UnicodeError):
            for name in _SEALED.findall(drop_in.read_text()):
                if (machine / name).is_file():
                    return machine / name
    return None


def _read(path: Path, *, private: bool) -> str | None:
    try:
        source = read_source(path, _LIMIT)
    except FileNotFoundError:
        return None
    if private and source.mode & 0o077:
        raise refusal(path, f"others may read the API key (mode {source.mode:04o})", f"mode 0600 or 0400 is wanted: chmod 600 {path}")
    try:
        text = source.data.decode("ascii")
    except UnicodeDecodeError:
        text = "\0"
    return _checked(text.removesuffix("\n").removesuffix("\r"), path)


def _checked(text: str, path: Path) -> str:
    if not text:
        raise refusal(path, "is empty", "the API key alone is wanted, in one line")
    if not all("!" <= letter <= "~" for letter in text):
        raise refusal(path, "is no API key", "one line of printable ASCII without spaces is wanted")
    return text
