"""Secrets leave no log record: masked in the message, its arguments, its traceback and every extra field."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Final, cast

MASK: Final = "•••"
SHORTEST: Final = 6
"""Shorter secrets would mask ordinary words."""
_JWT: Final = re.compile(r"\beyJ[\w-]{4,}\.[\w-]{4,}(?:\.[\w-]*)?")
_BEARER: Final = re.compile(r"(?i)\b(bearer\s+)[\w.~+/=-]{6,}")
_KNOWN: set[str] = set()


def register_secret(text: str) -> None:
    """From now on `text` is masked in every log record of the process."""
    if len(text) >= SHORTEST:
        _KNOWN.add(text)


def redacted(text: str) -> str:
    """`text` with registered secrets, bearer credentials and anything shaped like a JWT masked."""
    for secret in sorted(_KNOWN, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return _BEARER.sub(rf"\1{MASK}", _JWT.sub(MASK, text))


class RedactingFilter(logging.Filter):
    """Rewrites each record so that no handler can meet a secret in it, whichever of its attributes it sends."""

    def filter(self, record: logging.LogRecord) -> bool:
        """True always; the record is changed in place: formatted, its arguments and exception objects gone, its texts masked."""
        record.msg = redacted(_message(record))
        record.args = None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        # The exception object itself would be sent by handlers that send every attribute.
        record.exc_info = None
        for name, value in list(vars(record).items()):
            if name != "msg":
                setattr(record, name, _clean(value))
        return True


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as error:
        return f"{record.msg!r} cannot be formatted: {error!r}"


def _clean(value: object) -> object:
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        return {redacted(str(key)): _clean(item) for key, item in cast(Mapping[object, object], value).items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item) for item in cast(list[object], value)]
    return redacted(value if isinstance(value, str) else _text(value))


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception:
        return f"<{type(value).__name__}>"
