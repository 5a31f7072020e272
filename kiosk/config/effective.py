"""The configuration as it is in force, written so that the loader reads the same one back."""

from __future__ import annotations

import re
from typing import Final, cast

import yaml
from pydantic import JsonValue

from kiosk.config.model import Config
from kiosk.config.scalars import ScalarProblem, read_plain

MASK: Final = "********"
_SECRET_KEY: Final = re.compile(r"(?i)(key|token|secret|passw|credential|authorization)")


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True

    def text(self, data: str) -> yaml.ScalarNode:
        return yaml.ScalarNode("tag:yaml.org,2002:str", data, style=None if _reads_back(data) else '"')


_Dumper.add_representer(str, _Dumper.text)


def effective(config: Config) -> str:
    """YAML of every key with its value; durations as texts, all that stands under metadata and request keys that sound secret masked."""
    return dump(shown(config))


def shown(config: Config) -> dict[str, JsonValue]:
    """The values of `effective` as plain ones."""
    values = config.model_dump(mode="json")
    session = values["session"]
    session["metadata"] = _masked(session["metadata"])
    if session["custom"]:
        session["custom"]["request"] = _masked(session["custom"]["request"])
    return values


def dump(values: JsonValue) -> str:
    """Plain values as YAML in the loader's own reading: every text that another reading exists for is in quotes."""
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=100)


def dump_inline(value: JsonValue) -> str:
    """One value as it would stand behind its key, in one line."""
    text = yaml.dump([value], Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=True, width=100_000)
    return text.strip()[1:-1]


def _masked(value: JsonValue) -> JsonValue:
    match value:
        case dict():
            return {key: MASK if _SECRET_KEY.search(key) and inner is not None else _masked(inner) for key, inner in value.items()}
        case list():
            return [_masked(cast("JsonValue", item)) for item in value]
        case _:
            return value


def _reads_back(text: str) -> bool:
    try:
        return read_plain(text) == text
    except ScalarProblem:
        return False
