"""The example `config/config.yaml`: every key of the model with its default and its meaning, written from the model itself."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, cast

from pydantic import BaseModel, JsonValue

from kiosk.config.effective import dump
from kiosk.config.model import Blink, Config, CustomForm

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

_HEAD: Final = """\
# Voice Kiosk: every key, what it does, and its default (commented out: `#key: value`).
# Take the `#` away to change one; a heading with nothing under it changes nothing. Durations are texts such as 500ms, 30s, 5m or 1h.
# Only `session.agent_id` must be filled in. The API key is never written here: see `credentials`.
# `voice-kiosk check` names everything that is wrong with this file, with line and column.
"""
_SHAPES: Final[dict[str, type[BaseModel]]] = {"custom": CustomForm, "patterns": Blink}


def template() -> str:
    """The text of the file; loads as the defaults once `agent_id` is filled in, with or without its comments taken away."""
    lines = [_HEAD.rstrip()]
    defaults = Config().model_dump(mode="json")
    for name, field in Config.model_fields.items():
        lines += ["", *_comment(_words(field, section=True), ""), f"{name}:"]
        lines += _keys(_section(field), defaults[name], "  ")
    return "\n".join(lines) + "\n"


def _keys(model: type[BaseModel], values: dict[str, JsonValue], indent: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _comment(_words(field, section=True), indent)
            yield f"{indent}{name}:"
            yield from _keys(field.annotation, cast("dict[str, JsonValue]", values[name]), indent + "  ")
            continue
        yield from _comment(_words(field), indent)
        yield f"{indent}#{dump({name: values[name]}).strip()}"
        if name in _SHAPES:
            yield from _shape(_SHAPES[name], indent + "  ")


def _shape(model: type[BaseModel], indent: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        default = "" if field.is_required() else f" [{dump({name: field.get_default()}).strip().removeprefix(name + ': ')}]"
        yield from _comment(f"- {name}{default}: {field.description}", indent)


def _section(field: FieldInfo) -> type[BaseModel]:
    return cast("type[BaseModel]", field.annotation)


def _words(field: FieldInfo, *, section: bool = False) -> str:
    return " ".join(((_section(field).__doc__ if section else field.description) or "").split())


def _comment(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, 110, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ") if text else []
