"""Figures as they come, and what is printed of them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.table import Table

from tests.bench.clicks import median


@dataclass
class Sheet:
    """One table: figures by row and column, each many times measured. Rows and columns stand in the order of their first figure."""

    title: str
    head: str
    figures: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list[float]))

    def add(self, row: str, column: str, *values: float) -> None:
        """Figures of one kind; not-a-number is left out, but the cell is there."""
        self.figures[row, column].extend(value for value in values if not math.isnan(value))

    def middle(self, row: str, column: str) -> float:
        """The median; not a number where there is none."""
        return median(self.figures.get((row, column), ()))

    def drawn(self) -> Table:
        """With rich."""
        rows, columns = (list(dict.fromkeys(key[part] for key in self.figures)) for part in (0, 1))
        table = Table(title=self.title, title_justify="left")
        table.add_column(self.head)
        for column in columns:
            table.add_column(column, justify="right")
        for row in rows:
            table.add_row(row, *(_cell(self.figures.get((row, column), ())) for column in columns))
        return table

    def plain(self) -> dict[str, dict[str, list[float]]]:
        """For JSON: row, column, every figure."""
        rows: dict[str, dict[str, list[float]]] = {}
        for (row, column), values in self.figures.items():
            rows.setdefault(row, {})[column] = [round(value, 3) for value in values]
        return rows


def _cell(values: Sequence[float]) -> str:
    if not values:
        return ""
    digits = 2 if max(values) < 10 else 1 if max(values) < 100 else 0
    middle = f"{median(values):.{digits}f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.{digits}f}–{max(values):.{digits}f})"
