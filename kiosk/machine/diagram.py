"""The README's state diagram, drawn from the table as Mermaid text."""

from __future__ import annotations

from kiosk.machine.states import State
from kiosk.machine.table import ROWS, STAYS, Nothing


def draw() -> str:
    """A Mermaid `stateDiagram-v2` of every row that changes the state; rows with the same two ends share an arrow."""
    arrows: dict[tuple[State, State], list[str]] = {}
    for state, on, target, _ in ROWS:
        if not isinstance(target, Nothing) and target is not state:
            arrows.setdefault((state, target), []).append(on.value)
    lines = ["stateDiagram-v2", "    [*] --> starting"]
    lines += [f"    {source} --> {target}: {', '.join(events)}" for (source, target), events in arrows.items()]
    lines += [f"    note right of {state}: at most {limit:g} s" for state, limit in STAYS.items()]
    return "\n".join([*lines, "    stopping --> [*]"])
