"""Reading JSON and dates that strangers send: never raises, whatever they are. Pure."""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime
from typing import NoReturn, cast

from kiosk.session.forms import Json


def parse_object(body: bytes) -> Json | None:
    """A JSON object in UTF-8; None for all else, whatever depth, number or encoding is in it."""
    try:
        value: object = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None
    return cast("Json", value) if isinstance(value, dict) else None


def http_date(text: str | None) -> float | None:
    """Seconds since 1970 of an HTTP date (RFC 9110, section 5.6.7); None for what is none."""
    try:
        return parsedate_to_datetime(text or "").timestamp()
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        return None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
