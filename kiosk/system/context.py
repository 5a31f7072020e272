"""What every record is told beside its own words: the state, the session and the attempt that it falls into."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

Fields = Mapping[str, object]


class Context(logging.Filter):
    """Asks whoever knows at the moment of each record, from any thread; without one nothing is added."""

    def __init__(self) -> None:
        super().__init__()
        self._ask: Callable[[], Fields] = dict

    def provide(self, ask: Callable[[], Fields]) -> None:
        """From now on `ask` knows. It must be quick and must not log."""
        self._ask = ask

    def filter(self, record: logging.LogRecord) -> bool:
        """True always; the record gets its `context`."""
        record.context = dict(self._ask())
        return True


CONTEXT = Context()
"""The process's own."""
