"""The model's own complaints in plain words: what is wrong, and what would be right."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Final, cast, get_args, get_origin

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import BaseModel

from kiosk.config.units import format_duration

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

    from kiosk.config.tree import Path

_KEY_NAMES: Final = ("key", "api_key", "apikey", "token", "secret", "password", "api_secret")

_WANTED: Final = {
    "bool": "true or false is wanted",
    "int": "a whole number without quotes is wanted",
    "float": "a number without quotes is wanted",
    "string": 'a text is wanted: put it in "quotes"',
    "list": "a list is wanted: [a, b]",
    "tuple": "a list is wanted: [a, b]",
    "dict": "a group of keys is wanted",
    "model": "a group of keys is wanted",
}
_PATTERNS: Final = {
    "color": 'a colour such as "#ff8800" is wanted, in quotes because `#` begins a comment',
    "path": "a path that begins with / is wanted",
    "end_path": "a path that begins with / is wanted",
    "url": "an address such as https://api.example.com is wanted",
}


def describe(error: ErrorDetails, path: Path, model: type[BaseModel]) -> str:
    """One complaint of the model about the value at `path`, rewritten; texts from the file are cut to 40 characters."""
    kind, context, value = error["type"], error.get("ctx", {}), error["input"]
    field = _field(model, path)
    # Whatever stands there may be the key itself, written into the wrong place.
    shown = "the value" if path[:1] == ("credentials",) else _show(value)
    match kind:
        case "extra_forbidden":
            return _unknown(str(path[-1]), section_at(model, path[:-1]), model)
        case "missing":
            return "is missing: one more entry is wanted" if isinstance(path[-1], int) else "is missing: it has no default"
        case "literal_error" | "enum":
            return _choice(value, shown, _options(field.annotation) if field else [])
        case "greater_than_equal" | "less_than_equal":
            return f"{shown} is out of range: {_range(field, context, isinstance(value, str))} is allowed"
        case "too_short" | "too_long":
            return f"has {_few(error)} entries: {_length(field, context)} wanted"
        case _:
            return _wrong(error, path, shown)


def _wrong(error: ErrorDetails, path: Path, shown: str) -> str:
    kind, value = error["type"], error["input"]
    if value is None:
        wanted = _PATTERNS["color"] if path[-1] == "color" else _wanted(kind)
        return f"is empty: {wanted}, or remove the line"
    if kind == "string_pattern_mismatch":
        return f"{shown} is not right: {_PATTERNS[str(path[-1])]}"
    if kind == "value_error":
        return f"{shown}: {error.get('ctx', {}).get('error', error['msg'])}"
    return f"{shown} is {_nature(value)}: {_wanted(kind)}"


def section_at(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    """The model of the section at `path`; None where there is none."""
    current: type[BaseModel] | None = model
    parts = iter(path)
    for part in parts:
        field = current.model_fields.get(str(part)) if current else None
        if field is None:
            return None
        current = _section(field.annotation)
        if get_origin(field.annotation) is dict:
            next(parts, None)  # the key of a mapping of sections, any word of its own
    return current


def _section(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _section(part))), None)


def _field(model: type[BaseModel], path: Path) -> FieldInfo | None:
    for length in range(len(path), 0, -1):
        section = section_at(model, path[: length - 1])
        if section and (field := section.model_fields.get(str(path[length - 1]))):
            return field
    return None


def _unknown(key: str, section: type[BaseModel] | None, model: type[BaseModel]) -> str:
    if key.lower().replace("-", "_") in _KEY_NAMES:
        return "secrets are never written here: put the API key into the file that `credentials.api_key_file` names (mode 0600)"
    names = list(section.model_fields) if section else []
    if near := difflib.get_close_matches(key.lower().replace("-", "_"), names, 1, cutoff=0.6):
        return f"unknown key: did you mean `{near[0]}`?"
    if elsewhere := [f"`{name}.{key}`" for name in model.model_fields if (part := section_at(model, (name,))) and key in part.model_fields]:
        return f"unknown key here: did you mean {' or '.join(elsewhere)}?"
    return f"unknown key: one of {', '.join(names)} is wanted here"


def _options(annotation: object) -> list[str]:
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [str(member.value) for member in annotation]
    options: list[str] = []
    for part in get_args(annotation):
        options += [part] if isinstance(part, str) else _options(part)
    return options


def _choice(value: object, shown: str, options: list[str]) -> str:
    near = difflib.get_close_matches(str(value), options, 1)
    return f"{shown} is not known: one of {', '.join(options)} is wanted{f' (did you mean `{near[0]}`?)' if near else ''}"


def _range(field: FieldInfo | None, context: Mapping[str, object], duration: bool) -> str:
    found = {type(bound): bound for bound in _bounds(field)}
    low, high = found.get(Ge), found.get(Le)
    if isinstance(low, Ge) and isinstance(high, Le):
        return f"{_amount(low.ge, duration)} to {_amount(high.le, duration)}"
    words = {"ge": "at least", "le": "at most"}
    return " and ".join(f"{words[name]} {_amount(value, duration)}" for name, value in context.items())


def _bounds(field: FieldInfo | None) -> Iterator[object]:
    if field is None:
        return
    yield from field.metadata
    for part in get_args(field.annotation):
        for note in getattr(part, "__metadata__", ()):
            yield from getattr(note, "metadata", ())


def _amount(value: object, duration: bool) -> str:
    number = float(str(value))
    return format_duration(number) if duration else f"{number:.10g}"


def _length(field: FieldInfo | None, context: Mapping[str, object]) -> str:
    found = {type(bound): bound for bound in _bounds(field)}
    low, high = found.get(MinLen), found.get(MaxLen)
    if isinstance(low, MinLen) and isinstance(high, MaxLen):
        return f"{low.min_length} to {high.max_length} are"
    return f"{context.get('min_length', context.get('max_length'))} are"


def _few(error: ErrorDetails) -> str:
    value = error["input"]
    return str(len(cast("list[object]", value))) if isinstance(value, list) else "the wrong number of"


def _wanted(kind: str) -> str:
    stem = kind.split("_", maxsplit=1)[0]
    return _WANTED.get(stem, 'a duration such as "30s" or "500ms" is wanted' if kind == "value_error" else "another value is wanted")


def _nature(value: object) -> str:
    natures: tuple[tuple[type, str], ...] = (
        (bool, "a truth value"),
        (str, "a text"),
        (int, "a whole number"),
        (float, "a number with a point"),
        (list, "a list"),
    )
    return next((words for kind, words in natures if isinstance(value, kind)), "a group of keys")


def _show(value: object) -> str:
    if isinstance(value, dict | list):
        return "the value"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return f"`{text if len(text) <= 40 else text[:39] + '…'}`"
