"""Strangers' bytes, by hypothesis: no crash, no hang, no unbounded memory. `scripts/fuzz` does the same for longer with atheris."""

from __future__ import annotations

import time
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.seeds import SEEDS, WORDS
from tests.fuzz.targets import TARGETS

LIMIT = 64 * 1024
"""Bytes that any of them is given at most: who calls them reads no more."""
SECONDS = 2.0
"""Of this thread's own CPU time for the worst input; the loader is below 0.2 s on a desktop's core."""
MEGABYTES = 64.0
"""That the worst input may take."""

MONSTERS = {
    "zeros": bytes(LIMIT),
    "brackets": b"[" * LIMIT,
    "braces": b'{"a":' * (LIMIT // 5),
    "closed brackets": b"[" * (LIMIT // 2) + b"]" * (LIMIT // 2),
    "shallow lists": b'{"type":"x","a":[' + b"[]" + b",[]" * (LIMIT // 4) + b"]}",
    "deep enough to be parsed": b'{"a":' + b"[" * 900 + b"]" * 900 + b"}",
    "digits": b"1" * LIMIT,
    "long number": b'{"exp":' + b"9" * 4000 + b"}",
    "quotes": b'"' * LIMIT,
    "escapes": b'{"text":"' + b"\\ud83d" * (LIMIT // 7) + b'"}',
    "dashes": b"- " * (LIMIT // 2),
    "colons": b"a: " * (LIMIT // 3),
    "keys": b"".join(b"k%d: 1\n" % number for number in range(6000)),
    "indents": b"".join(b" " * depth + b"a:\n" for depth in range(350)),
    "anchors": b"a: &a [x]\n" + b"b: [*a, *a]\n" * 5000,
    "comments": b"# x\n" * (LIMIT // 4),
    "question marks": b"? " * (LIMIT // 2),
    "tags": b"!" * LIMIT,
    "pipes": b"a: |\n" + b" x\n" * (LIMIT // 3),
    "not UTF-8": b"\xff" * LIMIT,
    "surrogates": b"\xed\xa0\x80" * (LIMIT // 3),
    "dots": b"a." * (LIMIT // 2),
    "date": b"Mon, 01 Jan " + b"9" * LIMIT,
}


@st.composite
def spoilt(draw: st.DrawFn, seeds: list[bytes], words: list[bytes]) -> bytes:
    """A good input with pieces cut out, doubled and put in."""
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 200)))
        piece = draw(st.one_of(st.just(b""), st.sampled_from(words), st.binary(max_size=12), st.just(data[start:end] * 2)))
        data = data[:start] + piece + data[end:]
    return data[:LIMIT]


@pytest.mark.parametrize("target", TARGETS)
def test_spoilt_inputs(target: str) -> None:
    @settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much])
    @given(st.one_of(spoilt(SEEDS[target], WORDS[target]), st.binary(max_size=300)))
    def check(data: bytes) -> None:
        TARGETS[target](data)

    check()


@pytest.mark.parametrize("name", MONSTERS)
@pytest.mark.parametrize("target", TARGETS)
def test_monsters_take_neither_time_nor_memory(target: str, name: str) -> None:
    began = time.thread_time()
    TARGETS[target](MONSTERS[name][:LIMIT])
    assert time.thread_time() - began < SECONDS


@pytest.mark.parametrize("target", TARGETS)
def test_monsters_take_no_memory(target: str) -> None:
    tracemalloc.start()
    try:
        for name in ("shallow lists", "escapes"):
            TARGETS[target](MONSTERS[name][:LIMIT])
        assert tracemalloc.get_traced_memory()[1] / 1e6 < MEGABYTES
    finally:
        tracemalloc.stop()
