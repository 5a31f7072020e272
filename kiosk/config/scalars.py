"""What an unquoted YAML word means: the few plain readings, and a clear word for every one that YAML versions disagree on."""

from __future__ import annotations

import math
import re
from typing import Final

Scalar = str | int | float | bool | None

_PLAIN: Final[dict[str, Scalar]] = {"": None, "~": None, "null": None, "true": True, "false": False}
_YES_NO: Final = {"y": True, "yes": True, "on": True, "n": False, "no": False, "off": False}
_INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+([eE][-+]?[0-9]+)?")
_EXACT: Final = 2**53
"""Whole numbers beyond it change on their way through JSON (RFC 8259, section 6)."""
_UNSPEAKABLE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")

# YAML 1.1 (and PyYAML with it) reads these as numbers and dates, YAML 1.2 reads most of them as texts.
_TRAPS: Final = (
    (re.compile(r"[-+]?0[0-9_]+"), "a number with a leading zero is octal to some programs", "{bare}"),
    (re.compile(r"[-+]?0(o_*[0-7][0-7_]*|x_*[0-9a-fA-F][0-9a-fA-F_]*|b_*[01][01_]*)"), "only decimal numbers are read here", "{decimal}"),
    (re.compile(r"[-+]?[0-9][0-9_]*_[0-9_]*(\.[0-9_]*)?"), "a number takes no `_`", "{bare}"),
    (
        re.compile(r"[-+]?[0-9]+(:[0-5]?[0-9])+(\.[0-9_]*)?"),
        "a number with `:` is read in base 60 by some programs",
        "a duration such as `90s`",
    ),
    (re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?"), "an unquoted date is no text to some programs", ""),
    (re.compile(r"[-+]?[0-9]+[eE][-+]?[0-9]+"), "a number with an exponent needs a point", "{float}"),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.)([eE][-+]?[0-9]+)?"), "a number needs digits on both sides of its point", "{float}"),
    (re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"), "only finite numbers are read here", ""),
)


class ScalarProblem(ValueError):
    """A word that cannot be read safely; `str()` says why and what would be right."""


def read_plain(text: str) -> Scalar:
    """The value of an unquoted word; raises ScalarProblem where versions of YAML disagree about it."""
    if text in _PLAIN:
        return _PLAIN[text]
    lowered = text.lower()
    if lowered in _YES_NO:
        truth = "true" if _YES_NO[lowered] else "false"
        raise ScalarProblem(
            f'`{text}` is a truth value to some programs and a text to others: write {truth}, or "{text}" in quotes for the text'
        )
    if lowered in _PLAIN:
        raise ScalarProblem(f'`{text}` must be written {lowered}, or "{text}" in quotes for the text')
    if text == "<<":
        raise ScalarProblem("merge keys (`<<`) are not read here: write the keys out")
    if text == "=":
        raise ScalarProblem('write "=" in quotes')
    return _number(text) if text[0] in "+-.0123456789" else read_quoted(text)


def read_quoted(text: str) -> str:
    """A text as it stands; raises ScalarProblem for control characters and half surrogates, which no path, header or JSON can carry."""
    if found := _UNSPEAKABLE.search(text):
        raise ScalarProblem(f"the character U+{ord(found[0]):04X} is not allowed: remove it")
    return text


def _number(text: str) -> Scalar:
    if _INTEGER.fullmatch(text):
        if len(text) > 17 or abs(int(text)) > _EXACT:
            raise ScalarProblem(f'the number is too long to be kept exactly: write "{_short(text)}" in quotes')
        return int(text)
    if _FLOAT.fullmatch(text):
        if not math.isfinite(float(text)):
            raise ScalarProblem("the number is too large")
        return float(text)
    for pattern, why, instead in _TRAPS:
        if pattern.fullmatch(text):
            better = f"{found}, or " if (found := _instead(instead, text)) else ""
            raise ScalarProblem(f'`{_short(text)}`: {why}: write {better}"{_short(text)}" in quotes for the text')
    return read_quoted(text)


def _instead(template: str, text: str) -> str:
    bare = text.replace("_", "")
    match template:
        case "{bare}":
            return (bare.lstrip("+-0") or "0")[:20] if bare.lstrip("+-").isdigit() else bare[:20]
        case "{decimal}" if len(bare) < 20:
            return str(int(bare, 0))
        case "{float}" if math.isfinite(float(bare)):
            return f"{float(bare)}"
        case _:
            return "" if "{" in template else template


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
