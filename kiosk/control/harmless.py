"""JSON that does nothing to a terminal, whatever a room, an agent or a device has said."""

from __future__ import annotations

import json


def harmless(text: str) -> str:
    """The JSON with every character that is not printable as its escape, but for line ends: it means the same."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() or letter == "\n" else json.dumps(letter)[1:-1] for letter in text)
