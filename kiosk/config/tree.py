"""YAML text to plain values, each with its line and column: no anchors, no tags, no duplicates, bounded depth and size."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Protocol, cast

import yaml
from yaml.events import (
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from kiosk.config.scalars import Scalar, ScalarProblem, read_plain, read_quoted

Value = Scalar | list["Value"] | dict[str, "Value"]
Path = tuple[str | int, ...]

NO_KEY: Final = "\0"
"""Stands in a path for a key that could not be read; no key of a file can hold it."""
_DEPTH: Final = 12
_NODES: Final = 2000
"""Far above any real file, low enough that the slowest of them is read in well under a second."""
_THICKET: Final = re.compile(r"(?:[\[{][ \t\r\n]{0,4}){40}")
_PROBLEMS: Final = 50


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Line and column, both from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where, which key (empty for the file as such), what, and what would be right."""

    position: Position
    path: Path
    text: str


@dataclass(slots=True)
class Tree:
    """What the text holds. Values that could not be read are left out; `broken` has their paths, `problems` the reasons."""

    value: Value = None
    keys: dict[Path, Position] = field(default_factory=dict[Path, Position])
    values: dict[Path, Position] = field(default_factory=dict[Path, Position])
    problems: list[Problem] = field(default_factory=list[Problem])
    broken: set[Path] = field(default_factory=set[Path])

    def key_position(self, path: Path) -> Position:
        """Where the key of `path` stands, or the nearest one above it that is in the file."""
        for length in range(len(path), 0, -1):
            for known in (self.keys, self.values):
                if path[:length] in known:
                    return known[path[:length]]
        return Position(1, 1)

    def value_position(self, path: Path) -> Position:
        """Where the value of `path` stands, or else its key."""
        return self.values.get(path) or self.key_position(path)


class _GiveUpError(Exception):
    """The rest of the text is not worth reading."""


_UNREADABLE: Final = object()


def read_tree(text: str) -> Tree:
    """The tree of a YAML text; never raises for any text: what is wrong is in `problems`."""
    tree = Tree()
    try:
        _refuse_thickets(text, tree)
        _Builder(text, tree).document()
    except _GiveUpError:
        pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        tree.problems.append(Problem(_position(mark), (), _syntax(error)))
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        where = Position(before.count("\n") + 1, error.position - before.rfind("\n"))
        tree.problems.append(Problem(where, (), f"the character U+{ord(text[error.position]):04X} is not allowed: remove it"))
    return tree


def _refuse_thickets(text: str, tree: Tree) -> None:
    """The parser looks a thousand characters ahead of a bracket, in time that grows with the square of the brackets there."""
    if found := _THICKET.search(text):
        where = Position(text.count("\n", 0, found.start()) + 1, found.start() - text.rfind("\n", 0, found.start()))
        tree.problems.append(Problem(where, (), f"nested more than {_DEPTH} deep: nothing here is"))
        raise _GiveUpError


class _Parser(Protocol):
    """The one method of the library's parser that is used; its grammar says where the few events stand that are no nodes."""

    def get_event(self) -> NodeEvent: ...


class _Builder:
    """Follows the parser's events (which nest without recursion) and stops before depth or size can hurt."""

    def __init__(self, text: str, tree: Tree) -> None:
        self._parser = cast("_Parser", yaml.SafeLoader(text))
        self._tree = tree
        self._nodes = 0

    def document(self) -> None:
        self._next()
        start = self._next()
        if not isinstance(start, DocumentStartEvent):
            return
        if start.version or start.tags:
            self._problem(start, (), "directives (`%`) are not read here: remove the line")
        value = self._node(self._next(), ())
        self._tree.value = None if value is _UNREADABLE else cast("Value", value)
        self._next()
        if isinstance(after := self._next(), DocumentStartEvent):
            self._problem(after, (), "a second document begins here: one is read, remove this line and what follows")

    def _next(self) -> NodeEvent:
        return self._parser.get_event()

    def _node(self, event: NodeEvent, path: Path) -> object:
        self._nodes += 1
        self._tree.values.setdefault(path, _position(event.start_mark))
        if self._nodes > _NODES:
            self._problem(event, path, f"the file has more than {_NODES:,} values: shorten it")
            raise _GiveUpError
        if not isinstance(event, ScalarEvent | CollectionStartEvent):
            return self._unreadable(event, path, "aliases (`*`) are not read here: write the value out")
        marked = self._marked(event, path)
        value = self._scalar(event, path) if isinstance(event, ScalarEvent) else self._collection(event, path)
        if marked:
            self._tree.broken.add(path)
        return _UNREADABLE if marked else value

    def _marked(self, event: ScalarEvent | CollectionStartEvent, path: Path) -> bool:
        if event.anchor:
            self._problem(event, path, f"anchors (`&{event.anchor[:20]}`) are not read here: remove it")
        if event.tag:
            self._problem(event, path, "tags (`!`) are not read here: remove it, types are known from the key")
        return bool(event.anchor or event.tag)

    def _scalar(self, event: ScalarEvent, path: Path) -> object:
        try:
            return read_plain(event.value) if not event.style else read_quoted(event.value)
        except ScalarProblem as problem:
            return self._unreadable(event, path, str(problem))

    def _collection(self, event: CollectionStartEvent, path: Path) -> object:
        if len(path) >= _DEPTH:
            self._problem(event, path, f"nested more than {_DEPTH} deep: nothing here is")
            raise _GiveUpError
        return self._mapping(path) if isinstance(event, MappingStartEvent) else self._sequence(path)

    def _sequence(self, path: Path) -> list[object]:
        items: list[object] = []
        while not isinstance(event := self._next(), SequenceEndEvent):
            items.append(self._node(event, (*path, len(items))))
        # A list with holes would shift what follows them, so its own reader skips it as a whole.
        if any(item is _UNREADABLE for item in items):
            self._tree.broken.add(path)
        return [None if item is _UNREADABLE else item for item in items]

    def _mapping(self, path: Path) -> dict[str, object]:
        pairs: dict[str, object] = {}
        while not isinstance(event := self._next(), MappingEndEvent):
            key = self._key(event, path)
            where = (*path, key) if key is not None else (*path, NO_KEY)
            first = self._tree.keys.get(where) if key is not None else None
            if first:
                self._problem(event, where, f"is given twice (first in line {first.line}): keep one")
            self._tree.keys.setdefault(where, _position(event.start_mark))
            value = self._node(self._next(), where)
            if key is not None and not first and value is not _UNREADABLE:
                pairs[key] = value
        return pairs

    def _key(self, event: NodeEvent, path: Path) -> str | None:
        if isinstance(event, MappingStartEvent | SequenceStartEvent):
            self._problem(event, path, "a key must be a word: write `key: value`")
            self._collection(event, (*path, NO_KEY))
            return None
        value = self._node(event, (*path, NO_KEY))
        self._tree.values.pop((*path, NO_KEY), None)
        if value is _UNREADABLE:
            return None
        if isinstance(value, str):
            return value
        word = event.value if isinstance(event, ScalarEvent) else ""
        self._problem(event, path, f'the key `{word[:40]}` is no text: write "{word[:40]}" in quotes')
        return None

    def _unreadable(self, event: Event, path: Path, text: str) -> object:
        self._problem(event, path, text)
        self._tree.broken.add(path)
        return _UNREADABLE

    def _problem(self, event: Event, path: Path, text: str) -> None:
        self._tree.problems.append(Problem(_position(event.start_mark), path, text))
        if len(self._tree.problems) >= _PROBLEMS:
            raise _GiveUpError


def _position(mark: yaml.Mark | None) -> Position:
    return Position(mark.line + 1, mark.column + 1) if mark else Position(1, 1)


def _syntax(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "unreadable"
    if "'\\t'" in problem:
        return "a tab cannot indent: use spaces"
    if "mapping values are not allowed here" in problem:
        return "a second `:` in one line, or a line indented too far: put texts with `: ` in quotes, and align the keys of one group"
    if "could not find expected ':'" in problem or "expected <block end>" in problem:
        return f"not readable as YAML ({problem}): every line is `key: value`, and the keys of one group begin in the same column"
    return f"not readable as YAML ({problem}{', ' + error.context if error.context else ''})"
