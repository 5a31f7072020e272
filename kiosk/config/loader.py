"""From a file to a Config: everything that is wrong with it at once, each with its line and column."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from pydantic import BaseModel, ValidationError

from kiosk.config.model import Config
from kiosk.config.rules import findings
from kiosk.config.source import read_source, refusal
from kiosk.config.tree import NO_KEY, Problem, Tree, Value, read_tree
from kiosk.config.words import describe
from kiosk.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection

    from pydantic_core import ErrorDetails

    from kiosk.config import tree

_ABSENT: Final = object()
LIMIT: Final = 64 * 1024
"""Largest configuration in bytes; a real one has a few thousand."""


def load(path: Path) -> Config:
    """The configuration in the file; raises ConfigError with every problem in it, or the one that keeps it from being read."""
    return parse(read(path), str(path))


def read(path: Path) -> bytes:
    """The content of a file that may be a configuration; raises ConfigError for one that cannot be."""
    try:
        return read_source(path, LIMIT).data
    except FileNotFoundError:
        raise refusal(path, "does not exist", "copy an example of config/ there, or name another file with --config") from None


def parse(data: bytes, name: str) -> Config:
    """The configuration in the bytes of the file `name`; raises ConfigError for whatever else they are."""
    try:
        return _parsed(data, name)
    except ConfigError:
        raise
    except Exception as error:
        # A mistake of ours, met by this file alone: the last good one can still run, and whoever edits this one is told.
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{type(error).__name__} at {Path(where.filename).name}:{where.lineno}"
        text = f"{name}: reading it failed by a defect of voice-kiosk ({place}): undo what was changed last, and report it"
        raise ConfigError([text]) from error


def _parsed(data: bytes, name: str) -> Config:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        raise ConfigError([f"{name}:{line}:{column}: not UTF-8: save the file as UTF-8"]) from None
    read = read_tree(text)
    if read.problems and not isinstance(read.value, dict):
        raise _error(name, read.problems)
    if read.value is not None and not isinstance(read.value, dict):
        raise _error(name, [Problem(read.value_position(()), (), "the file is no group of keys: every line is `key: value`")])
    values = cast("dict[str, Value]", read.value or {})
    _open_sections(values, Config)
    config, problems = _validate(read, values)
    if config is None or problems:
        raise _error(name, problems)
    return config


def _validate(read: Tree, values: dict[str, Value]) -> tuple[Config | None, list[Problem]]:
    problems = list(read.problems)
    config, errors = _model(values)
    broken = set(read.broken)
    for error in _telling(errors):
        path = _path(error)
        if not _touches(path, read.broken):
            problems.append(_problem(read, error, path))
        broken.add(path)
    # What is wrong is taken out and the rest judged, so that the rules between keys are told in the same breath.
    while config is None and _prune(values, errors):
        config, errors = _model(values)
    for finding in findings(config) if config else ():
        if not any(_touches(path, broken) or _over(path, broken) for path in (finding.path, *finding.others)):
            where = read.values.get(finding.path) if isinstance(finding.path[-1], int) else None
            problems.append(Problem(where or read.key_position(finding.path), finding.path, finding.text))
    return config, problems


def _open_sections(values: dict[str, Value], model: type[BaseModel]) -> None:
    """A heading whose keys are all commented out means its defaults."""
    for name, field in model.model_fields.items():
        if name in values and isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            inner = values[name] = {} if values[name] is None else values[name]
            if isinstance(inner, dict):
                _open_sections(inner, field.annotation)


def _model(values: dict[str, Value]) -> tuple[Config | None, list[ErrorDetails]]:
    try:
        return Config.model_validate(values), []
    except ValidationError as error:
        return None, error.errors(include_url=False)


def _telling(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Without those that only follow from another one further in (a list that has too few good entries)."""
    further = {_path(error)[:length] for error in errors for length in range(len(_path(error)))}
    return [error for error in errors if error["type"] not in ("too_short", "too_long") or _path(error) not in further]


def _path(error: ErrorDetails) -> tree.Path:
    return tuple(part for part in error["loc"] if part != "[key]")


def _problem(read: Tree, error: ErrorDetails, path: tree.Path) -> Problem:
    at_key = error["type"] in ("extra_forbidden", "missing") or error["loc"][-1] == "[key]"
    where = read.key_position(path) if at_key else read.value_position(path)
    return Problem(where, path, describe(error, path, Config))


def _touches(path: tree.Path, broken: Collection[tree.Path]) -> bool:
    """Whether `path` is at or below a broken one."""
    return any(path[: len(other)] == other for other in broken)


def _over(path: tree.Path, broken: Collection[tree.Path]) -> bool:
    """Whether something below `path` is broken."""
    return any(other[: len(path)] == path for other in broken)


def _prune(values: dict[str, Value], errors: list[ErrorDetails]) -> bool:
    """Takes the values that the errors are about out of `values`; False when there was none to take out."""
    pruned = False
    for error in errors:
        path = _path(error)
        parent = values
        for depth, part in enumerate(path):
            child = parent.get(str(part))
            owner_of_missing = error["type"] == "missing" and depth == len(path) - 2
            if depth == len(path) - 1 or not isinstance(child, dict) or owner_of_missing:
                pruned |= parent.pop(str(part), _ABSENT) is not _ABSENT
                break
            parent = child
    return pruned


def _error(name: str, problems: list[Problem]) -> ConfigError:
    ordered = sorted(problems, key=lambda problem: problem.position)
    return ConfigError([_line(name, problem) for problem in ordered])


def _line(name: str, problem: Problem) -> str:
    key = ".".join(_printable(str(part)) for part in problem.path if part != NO_KEY)
    return f"{name}:{problem.position.line}:{problem.position.column}: {key + ': ' if key else ''}{problem.text}"


def _printable(part: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in part)[:60]
