"""The pointer stands under the column, whatever stands before it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.config.pointer import place, pointed


@pytest.mark.parametrize(
    ("line", "column", "shown"),
    [
        ("  mdoe: hold", 3, "      mdoe: hold\n      ^"),
        ("a: b", 1, "    a: b\n    ^"),
        ("\ta: b", 2, "     a: b\n     ^"),
        ("音声: x", 5, "    音声: x\n          ^"),
        ("e\u0301: x", 4, "    e\u0301: x\n      ^"),
        ("\x1b[2Ja: b", 5, "    ?[2Ja: b\n        ^"),
        ("a: b\r", 4, "    a: b\n       ^"),
        ("x" * 300 + "!", 301, "    " + "x" * 70 + "!\n    " + " " * 70 + "^"),
    ],
)
def test_the_line_and_a_pointer(line: str, column: int, shown: str) -> None:
    problem = f"/etc/c.yaml:2:{column}: a: wrong"
    assert pointed(problem, "/etc/c.yaml", f"first\n{line}\nlast".encode()) == f"{problem}\n{shown}"


@pytest.mark.parametrize("problem", ["/etc/c.yaml: has 70,000 bytes: too many", "/etc/c.yaml:9:1: a: beyond the end", "elsewhere:1:1: x"])
def test_what_points_nowhere_is_said_alone(problem: str) -> None:
    assert pointed(problem, "/etc/c.yaml", b"a: b\n") == problem


def test_place() -> None:
    assert place("f:12:3: x", "f") == (12, 3)
    assert place("f: x", "f") is None


@given(st.binary(max_size=300), st.integers(1, 5), st.integers(1, 400))
def test_any_bytes_are_harmless_on_a_terminal(text: bytes, line: int, column: int) -> None:
    said = pointed(f"f:{line}:{column}: x", "f", text)
    assert all(letter.isprintable() or letter == "\n" for letter in said)
    assert said.count("\n") in (0, 2)
