"""The other end of the control socket, for the command line: the standard library's HTTP, so that a verb starts at once."""

from __future__ import annotations

import grp
import http.client
import json
import os
import select
import socket
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from kiosk.control.caller import introduction
from kiosk.errors import NoAnswerError

LIMIT: Final = 10.0
"""Seconds until a daemon that does not answer is given up; its own limit is shorter."""
RELOADING: Final = 60.0
"""Seconds of the longest reload: reading the file takes up to 5, each device up to 6, and another reload may come first."""
_AGAIN: Final = 0.02
"""Seconds until the next try to stand in a full line."""
_START: Final = "start it: systemctl start voice-kiosk; why it ended: journalctl -u voice-kiosk -n 20"


class RefusedError(Exception):
    """The daemon answered that it will not; `str()` says why."""


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path, limit: float = LIMIT) -> None:
        super().__init__("kiosk", timeout=limit)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        end = time.monotonic() + LIMIT
        while True:
            try:
                return self.sock.connect(str(self._path))
            except BlockingIOError:
                # So many others wait that the kernel lets nobody else stand in line.
                if time.monotonic() > end:
                    raise TimeoutError from None
                time.sleep(_AGAIN)


def ask(path: Path, method: str, target: str, body: object = None, *, limit: float = LIMIT) -> dict[str, Any]:
    """The daemon's answer to one request, within `limit` seconds. Raises NoAnswerError, and RefusedError where it says no."""
    try:
        with closing(_Connection(path, limit)) as connection:
            response = _begun(connection, method, target, body)
            answer: dict[str, Any] = json.loads(response.read())
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise _explained(path, error, limit) from error
    if response.status != http.client.OK:
        raise RefusedError(str(answer.get("error", response.reason)))
    return answer


def events(path: Path) -> Generator[bytes]:
    """The daemon's events from now on, one JSON line each, until it ends. Raises as `ask` does."""
    try:
        with closing(_Connection(path)) as connection:
            connection.connect()
            # The connection gives its socket away with the answer's head.
            line = connection.sock
            with closing(_begun(connection, "GET", "/events", None)) as response:
                if response.status != http.client.OK:
                    raise RefusedError(str(json.loads(response.read()).get("error", response.reason)))
                # Between two events there may be a night.
                line.settimeout(None)
                yield from response
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise _explained(path, error) from error


class Loan:
    """The daemon's devices, as long as its connection is open."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line

    @property
    def over(self) -> bool:
        """The daemon has ended it: it says nothing more before its end."""
        return bool(select.select([self._line], [], [], 0)[0])


@contextmanager
def borrowed(path: Path) -> Generator[Loan]:
    """Microphone, speaker, button and LED are the caller's for the block, and the daemon's again however it ends.

    Raises as `ask` does, at the beginning alone.
    """
    connection = _Connection(path)
    try:
        try:
            connection.connect()
            line = connection.sock
            response = _begun(connection, "POST", "/lend", None)
            if response.status != http.client.OK:
                raise RefusedError(str(json.loads(response.read()).get("error", response.reason)))
            json.loads(response.readline())
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise _explained(path, error) from error
        with closing(response):
            yield Loan(line)
    finally:
        connection.close()


def _begun(connection: _Connection, method: str, target: str, body: object) -> http.client.HTTPResponse:
    connection.request(method, target, None if body is None else json.dumps(body), introduction(os.environ))
    return connection.getresponse()


def _explained(path: Path, error: Exception, limit: float = LIMIT) -> NoAnswerError:
    match error:
        case FileNotFoundError() | ConnectionRefusedError():
            return NoAnswerError(f"voice-kiosk is not running: nothing answers at {path}", absent=True, hint=_START)
        case PermissionError():
            return NoAnswerError(f"you may not ask the daemon: {path} is for its group", absent=False, hint=_may(path))
        case TimeoutError():
            hint = "try again; systemctl status voice-kiosk says whether it is busy or hangs"
            return NoAnswerError(f"the daemon at {path} does not answer within {limit:g} s", absent=False, hint=hint)
        case ConnectionError() | http.client.RemoteDisconnected():
            hint = "try again; whether it ended, and why: journalctl -u voice-kiosk -n 20"
            return NoAnswerError(f"the daemon at {path} went away while it was asked", absent=False, hint=hint)
        case _:
            hint = "name the right one with --socket"
            return NoAnswerError(f"what answers at {path} is no voice-kiosk: {error}", absent=False, hint=hint)


def _may(path: Path) -> str:
    try:
        group = grp.getgrgid(path.stat().st_gid).gr_name
    except (OSError, KeyError):
        group = "voice-kiosk"
    return f"use sudo, or join its group and log in again: sudo usermod -aG {group} $USER"
