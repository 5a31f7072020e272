"""How long a token lives, read from the token itself."""

from __future__ import annotations

import base64
import binascii
import json
from typing import cast


def lifetime(token: str, now: float) -> float | None:
    """Seconds from `now` (wall clock) to the end a JWT tells (`exp`); None where it tells none. The signature is the server's matter."""
    try:
        part = token.split(".")[1]
        claims: object = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError, binascii.Error, RecursionError):
        return None
    end = cast(dict[str, object], claims).get("exp") if isinstance(claims, dict) else None
    return float(end) - now if isinstance(end, int | float) and not isinstance(end, bool) else None
