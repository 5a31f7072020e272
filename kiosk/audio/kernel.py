"""What the kernel tells of sound cards: their names, their nodes, and which of their streams other programs have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ASOUND: Final = Path("/proc/asound")
_NODES: Final = Path("/dev/snd")
_TASKS: Final = Path("/proc/self/task")
_OWNER: Final = re.compile(r"^owner_pid\s*:\s*(\d+)", re.MULTILINE)
"""The thread that opened the stream (sound/core/pcm.c); in a closed one's status there is no such line."""


@dataclass(frozen=True, slots=True)
class Cards:
    """What there is at one moment."""

    cards: str
    """The text of /proc/asound/cards."""
    nodes: tuple[str, ...]
    taken: frozenset[str]
    """The streams that other programs have, such as `card1/pcm0c/sub0` (c captures, p plays)."""

    def richer(self, before: Cards) -> bool:
        """Whether a list of devices made `before` may lack some: cards have come or gone, or what was taken then is free now.

        PortAudio lists only what it can open.
        """
        return (self.cards, self.nodes) != (before.cards, before.nodes) or bool(before.taken - self.taken)


def look(asound: Path = ASOUND) -> Cards:
    """The present state; empty where the kernel has no sound or hides it."""
    try:
        cards = (asound / "cards").read_text()
    except OSError:
        cards = ""
    nodes = tuple(sorted(node.name for node in _NODES.iterdir())) if _NODES.is_dir() else ()
    statuses = asound.glob("card*/pcm*/sub*/status")
    return Cards(cards, nodes, frozenset(str(status.parent.relative_to(asound)) for status in statuses if _taken(status)))


def _taken(status: Path) -> bool:
    try:
        owner = _OWNER.search(status.read_text())
    except OSError:
        return False
    return owner is not None and not (_TASKS / owner[1]).exists()
