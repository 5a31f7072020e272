"""Who asks the daemon: the name that the asking side gives itself, and the user id that the kernel tells of it."""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Mapping
from typing import Final

HEADER: Final = "Kiosk-User"
UNKNOWN: Final = 65534
"""The kernel's uid for a user whom the daemon's namespace does not know: in the unit (PrivateUsers) all but root and voice-kiosk."""
_NAME: Final = re.compile(r"[A-Za-z0-9._@$+\\-]{1,64}")
"""Nothing that could be taken for more than a name where it is written down."""


def own_name(environ: Mapping[str, str]) -> str:
    """The login name of whoever runs this process, behind sudo too; where there is none, `uid N`."""
    uid = os.getuid()
    try:
        return environ.get("SUDO_USER") or pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def introduction(environ: Mapping[str, str]) -> dict[str, str]:
    """The header with this process's name, where that is one."""
    name = own_name(environ)
    return {HEADER: name} if _NAME.fullmatch(name) else {}


def called(name: str | None, uid: int) -> str:
    """In words for log and status. `name` is what the other side says of itself; `uid` is certain, and says nothing where it is UNKNOWN."""
    certain = "" if uid == UNKNOWN else f"uid {uid}"
    if name is None or not _NAME.fullmatch(name):
        return certain or "somebody of the group"
    return f"{name} (as they say{f'; {certain}' if certain else ''})"
