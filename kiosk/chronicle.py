"""What happens to the device, told to whoever listens: the journal, the demo's screen, a lamp beside the kiosk."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened: a kind in plain words, figures and names beside it, and the words said, if any were."""

    kind: str
    detail: Mapping[str, object] = field(default_factory=dict[str, object])
    words: str | None = None


class Chronicle:
    """Hands every happening to its listeners, on the event loop's thread. What is said is kept from all unless `words` is true."""

    def __init__(self, *, words: bool) -> None:
        self.words = words
        self._listeners: list[Callable[[Happening], None]] = []

    def listen(self, listener: Callable[[Happening], None]) -> None:
        """Call `listener` with everything from now on; it must not wait."""
        self._listeners.append(listener)

    def pass_on(self, happening: Happening) -> None:
        """Something happened that is in the journal already."""
        for listener in self._listeners:
            listener(happening)

    def tell(self, kind: str, words: str | None = None, **detail: object) -> None:
        """Something happened."""
        happening = Happening(kind, detail, words if self.words else None)
        text = " ".join(f"{key}={value}" for key, value in detail.items())
        line = f"{kind}{f' {text}' if text else ''}{f': {happening.words}' if happening.words else ''}"
        _log.info("%s", line, extra={"cause": kind, "kind": kind, "fields": detail})
        self.pass_on(happening)
