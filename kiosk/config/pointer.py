"""A problem shown in the text that it is about: the line, and a pointer under the column."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_PLACE: Final = re.compile(r"([0-9]+):([0-9]+): ")
_WIDTH: Final = 100
"""Characters of a line that are shown."""
_AHEAD: Final = 70
"""Of a longer line, how many stand before the pointer."""


def place(problem: str, name: str) -> tuple[int, int] | None:
    """Line and column, both from 1, of a problem of the file `name` (a ConfigError's); None where it is about the whole file."""
    found = _PLACE.match(problem.removeprefix(f"{name}:"))
    return (int(found[1]), int(found[2])) if found else None


def pointed(problem: str, name: str, text: bytes) -> str:
    """The problem, with the line of `text` under it and a `^` where it is; nothing of the line can act on a terminal."""
    where = place(problem, name)
    lines = text.decode("utf-8-sig", errors="replace").split("\n")
    if where is None or where[0] > len(lines):
        return problem
    line, column = lines[where[0] - 1].rstrip("\r"), where[1] - 1
    start = max(0, column - _AHEAD) if len(line) > _WIDTH else 0
    shown = "".join(_harmless(letter) for letter in line[start : start + _WIDTH])
    before = "".join(_harmless(letter) for letter in line[start:column])
    return f"{problem}\n    {shown}\n    {' ' * _columns(before)}^"


def _harmless(letter: str) -> str:
    return letter if letter.isprintable() else " " if letter == "\t" else "?"


def _columns(text: str) -> int:
    """Cells that the text takes on a terminal."""
    return sum(0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
