"""YAML's traps, and the parts of YAML that are not read."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kiosk.config.scalars import ScalarProblem, read_plain
from tests.config.helpers import AGENT, problem, problems, read


@pytest.mark.parametrize(
    ("word", "right"),
    [
        ("no", 'write false, or "no" in quotes'),
        ("Yes", 'write true, or "Yes" in quotes'),
        ("on", "write true"),
        ("OFF", "write false"),
        ("y", "write true"),
        ("True", 'must be written true, or "True" in quotes'),
        ("NULL", "must be written null"),
        ("017", 'octal to some programs: write 17, or "017" in quotes'),
        ("0x1F", "write 31"),
        ("0o17", "write 15"),
        ("0b11", "write 3"),
        ("-0x_1F_", "write -31"),
        ("1_000", 'takes no `_`: write 1000, or "1_000" in quotes'),
        ("12:30", 'base 60 by some programs: write a duration such as `90s`, or "12:30" in quotes'),
        ("12:30:45", "base 60"),
        ("2026-01-01", 'date is no text to some programs: write "2026-01-01" in quotes'),
        ("2026-01-01T10:00:00Z", "date"),
        ("1e3", "write 1000.0"),
        (".5", "write 0.5"),
        ("5.", "write 5.0"),
        (".inf", "only finite numbers"),
        (".NaN", "only finite numbers"),
        ("1.0e999", "too large"),
        ("123456789012345678901", "too long to be kept exactly"),
        ("<<", "merge keys"),
        ("=", 'write "=" in quotes'),
    ],
)
def test_words_that_programs_disagree_on(word: str, right: str) -> None:
    for quoted in (f'"{word}"', f"'{word}'"):
        assert read(f"session: {{agent_id: a1, metadata: {{k: {quoted}}}}}\n").session.metadata == {"k": word}
    said = problem(f"session:\n  agent_id: a1\n  metadata:\n    k: {word}\n")
    assert said.startswith("4:8: session.metadata.k: ")
    assert right in said


def test_a_trap_in_the_place_of_a_boolean_is_told_once() -> None:
    assert problem(AGENT + "log: {words: yes}\n").startswith("2:14: log.words: `yes` is a truth value to some programs")


@pytest.mark.parametrize(
    ("plain", "value"),
    [
        ("12", 12),
        ("-3", -3),
        ("+3", 3),
        ("0", 0),
        ("1.50", 1.5),
        ("-1.0e-3", -0.001),
        ("true", True),
        ("~", None),
        ("12ab", "12ab"),
        ("5s", "5s"),
        ("-", "-"),
        ("0x_", "0x_"),
        ("+0b__", "+0b__"),
        ("-0o_", "-0o_"),
    ],
)
def test_plain_words(plain: str, value: object) -> None:
    found = read(
        f"session: {{agent_id: a1, metadata: {{k: {plain}}}}}\n" if plain != "-" else AGENT.replace("a1", 'a1, metadata: {k: "-"}')
    )
    assert found.session.metadata == {"k": value}
    assert type(found.session.metadata["k"]) is type(value)


NUMBERLIKE = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "+", "-"]),
    st.sampled_from(["", "0", "0x", "0o", "0b", ".", "1", "2026-"]),
    st.text(alphabet="017_fFeE.:+-TnNaiI ²٣", max_size=12),
)


@given(st.one_of(NUMBERLIKE, st.text(max_size=30)))
@example("0x_")
@example("9" * 5000)
@example("1e" + "9" * 5000)
def test_every_plain_word_is_read_or_refused_in_words(word: str) -> None:
    with suppress(ScalarProblem):
        read_plain(word)


def test_a_word_that_is_no_number_is_a_key_too() -> None:
    assert read(AGENT.replace("a1", "0x_, metadata: {0b_: 1}")).session.metadata == {"0b_": 1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &x 1\n", "1:4: a: anchors (`&x`) are not read here"),
        ("a: *x\n", "1:4: a: aliases (`*`) are not read here"),
        ("a: !!str 1\n", "1:4: a: tags (`!`) are not read here"),
        ("a: ! x\n", "1:4: a: tags"),
        ("<<: {a: 1}\n", "1:1: merge keys (`<<`) are not read here"),
        ("%YAML 1.1\n---\na: 1\n", "1:1: directives (`%`)"),
        ("log: {level: info, level: debug}\n", "1:20: log.level: is given twice (first in line 1): keep one"),
        ("log: {level: 017, level: debug}\n", "1:19: log.level: is given twice"),
        ("1: a\n", '1:1: the key `1` is no text: write "1" in quotes'),
        ("no: a\n", "1:1: `no` is a truth value to some programs"),
        ("[a, b]: c\n", "1:1: a key must be a word"),
        ("a\n---\nb\n", "2:1: a second document begins here"),
        ("- a\n", "1:1: the file is no group of keys"),
        ("just words\n", "1:1: the file is no group of keys"),
        ("a: b: c\n", "1:5: a second `:` in one line"),
        ("a:\n\tb: 1\n", "2:1: a tab cannot indent: use spaces"),
        ("a: [1, 2\n", "not readable as YAML"),
        ("a: 'x\n", "not readable as YAML"),
        ("log:\n  level: info\n words: true\n", "3:2: not readable as YAML"),
        ("a: x\x07y\n", "1:5: the character U+0007 is not allowed"),
        ("a: x\0y\n", "1:5: the character U+0000 is not allowed"),
        ('session: {agent_id: "\\0"}\n', "1:21: session.agent_id: the character U+0000 is not allowed"),
        ('session: {agent_id: "\\ud800"}\n', "1:21: session.agent_id: the character U+D800 is not allowed"),
    ],
)
def test_what_is_not_read(text: str, said: str) -> None:
    assert any(line.startswith(said) or (":" not in said[:3] and said in line) for line in problems(text))


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        "[" * 60_000,
        "{a: " * 15_000,
        "- " * 30_000,
        "a:\n" + "".join(" " * depth + "b:\n" for depth in range(1, 300)),
        "a: 1\n" * 12_000,
        "".join(f"k{number}: 1\n" for number in range(6_000)),
        "a: no\n" * 10_000,
        "? " * 30_000,
        "&a " * 20_000,
    ],
    ids=["aliases", "brackets", "braces", "dashes", "indents", "duplicates", "keys", "traps", "question marks", "anchors"],
)
def test_hostile_texts_are_refused_at_once(text: str) -> None:
    begin = time.process_time()
    assert 0 < len(problems(text)) <= 60
    assert time.process_time() - begin < 0.8  # alone on a core they take a tenth of it


def test_many_problems_end_somewhere() -> None:
    assert len(problems("session: {metadata: [" + "no, " * 500 + "]}\n")) <= 60
