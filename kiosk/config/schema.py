"""The JSON Schema of the configuration, for editors; `python -m kiosk.config.schema` writes it and the example into config/."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final, cast

from pydantic import JsonValue

from kiosk.config.model import Config
from kiosk.config.template import template

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema_text() -> str:
    """The schema as it stands in config/schema.json."""
    schema = cast("dict[str, JsonValue]", Config.model_json_schema())
    _with_defaults(schema, schema, Config().model_dump(mode="json"))
    return json.dumps({"$schema": _DIALECT, **_plain(schema)}, indent=2, ensure_ascii=False) + "\n"


def _with_defaults(node: dict[str, JsonValue], root: dict[str, JsonValue], values: dict[str, JsonValue]) -> None:
    """Puts each default in as the file writes it (durations as texts), and lets a section be empty."""
    for name, inner in cast("dict[str, dict[str, JsonValue]]", node["properties"]).items():
        value = values[name]
        if isinstance(reference := inner.get("$ref"), str) and isinstance(value, dict):
            definitions = cast("dict[str, dict[str, JsonValue]]", root["$defs"])
            _with_defaults(definitions[reference.rsplit("/", 1)[-1]], root, value)
            inner["anyOf"] = [{"$ref": inner.pop("$ref")}, {"type": "null"}]
        inner.pop("default", None)
        if not isinstance(value, dict) or not value:
            inner["default"] = value


def _plain(schema: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Without the titles, which repeat the keys."""
    return cast("dict[str, JsonValue]", _untitled(schema))


def _untitled(node: JsonValue) -> JsonValue:
    match node:
        case dict():
            return {key: _untitled(inner) for key, inner in node.items() if not (key == "title" and isinstance(inner, str))}
        case list():
            return [_untitled(cast("JsonValue", item)) for item in node]
        case _:
            return node


def main() -> None:
    """Writes the two generated files into the `config` folder of the working directory."""
    Path("config/schema.json").write_text(schema_text(), encoding="utf-8")
    Path("config/config.yaml").write_text(template(), encoding="utf-8")


if __name__ == "__main__":
    main()
