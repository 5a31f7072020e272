"""Durations as people write them: `30s`, `500ms`, `5m`, `1h`."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_PATTERN: Final = r"^[0-9]{1,9}(\.[0-9]{1,9})?(ms|s|m|h)$"
_SHAPE: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h)")
_SECONDS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0}


def parse_duration(value: object) -> float:
    """Seconds of a text such as `500ms`; raises ValueError that says what would be right."""
    if isinstance(value, str) and (match := _SHAPE.fullmatch(value)):
        # Divided and not multiplied by 0.001: 300ms is then the same float as 0.3.
        return float(match[1]) / 1000.0 if match[2] == "ms" else float(match[1]) * _SECONDS[match[2]]
    example = f"`{value}s` or `{value}ms`" if isinstance(value, int | float) and not isinstance(value, bool) else "`30s`, `500ms` or `5m`"
    raise ValueError(f"a duration needs a number and a unit, such as {example}")


def format_duration(seconds: float) -> str:
    """A text that `parse_duration` reads back as the same number of seconds, in the largest unit that gives a whole number.

    Below a second in milliseconds; what no whole number of any unit holds is given to the nanosecond.
    """
    for unit, size in _SECONDS.items():
        amount = seconds / size
        if amount >= 1 and amount == int(amount):
            return f"{int(amount)}{unit}"
    milliseconds = f"{seconds * 1000:.9f}".rstrip("0").rstrip(".")
    if seconds < 1 and parse_duration(f"{milliseconds}ms") == seconds:
        return f"{milliseconds}ms"
    return f"{seconds:.9f}".rstrip("0").rstrip(".") + "s"


Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _PATTERN, "examples": ["30s", "500ms", "5m"]}),
]
"""Seconds as a float in the program, text with a unit in the file; bounds are added with `Field(ge=…, le=…)` in seconds."""
