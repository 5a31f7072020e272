"""The library's own log lines: they hold tokens, and tell of every attempt what one RoomError tells once."""

from __future__ import annotations

import logging
import re
from typing import Final

JWT: Final = re.compile(r"eyJ[\w-]*\.[\w-]*\.[\w-]*")
"""A JSON Web Token: base64url of `{"…`, three parts."""


class _Chatter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = JWT.sub("<token>", record.getMessage())
        record.args = None
        record.exc_text = None if record.exc_info is None else JWT.sub("<token>", logging.Formatter().formatException(record.exc_info))
        record.exc_info = None
        record.levelno, record.levelname = logging.DEBUG, "DEBUG"
        return logging.getLogger().isEnabledFor(logging.DEBUG)


_CHATTER: Final = _Chatter()


def hush() -> None:
    """From now on the logger `livekit` speaks at DEBUG only, and never of a token. May be called again."""
    logging.getLogger("livekit").addFilter(_CHATTER)
