"""The first words: whatever the gate and the connection do, each voiced block leaves once, in order, and the delay goes away."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kiosk.audio.frames import BLOCK, Block
from kiosk.audio.uplink import BURST, CAPACITY, CATCH_UP, HANGOVER, MARGIN, Uplink


def numbered(number: int) -> Block:
    """A block that says which one it is; never silent."""
    block = np.full(BLOCK, 1, dtype=np.int16)
    block[:2] = number % 30_000 + 1, number // 30_000 + 1
    return block


class Line:
    """An uplink, what was pushed into it and what came out."""

    def __init__(self, pre_roll: float = 0.0) -> None:
        self.uplink = Uplink(pre_roll)
        self.pushed = 0
        self.sent: list[int | None] = []
        self.bursts: list[int] = []

    def push(self, count: int = 1, *, speech: bool = True, late: bool = False) -> None:
        for _ in range(count):
            amount = self.uplink.push(numbered(self.pushed), speech, late)
            self.pushed += 1
            self.bursts.append(amount)
            self.sent += [int(out[0]) - 1 + (int(out[1]) - 1) * 30_000 if out[0] else None for out in self.uplink.out[:amount]]

    @property
    def words(self) -> list[int]:
        return [number for number in self.sent if number is not None]

    def drains_once(self) -> None:
        """Pushes until what was recorded is sent: then, not before and not again, the uplink is drained."""
        while self.uplink.backlog:
            assert not self.uplink.drained()
            self.push()
        assert self.uplink.drained()
        assert not self.uplink.drained()


def test_sends_silence_while_the_gate_is_closed_and_nothing_without_a_connection() -> None:
    line = Line()
    line.push(5)
    assert line.sent == []
    line.uplink.connect()
    line.push(5)
    assert line.sent == [None] * 5


def test_is_exactly_live_when_nothing_was_recorded() -> None:
    line = Line()
    line.uplink.connect()
    line.uplink.open()
    for number in range(50):
        line.push()
        assert line.sent[-1] == number
    assert line.uplink.backlog == 0


@pytest.mark.parametrize("recorded", [100, 150, 151, 500, 990])
def test_catches_up_no_faster_than_the_far_jitter_buffer_bears(recorded: int) -> None:
    line = Line()
    line.uplink.open()
    line.push(recorded)
    line.uplink.connect()
    needed = round(recorded / (CATCH_UP - 1.0)) + 8
    line.push(needed)
    assert line.uplink.backlog == 0
    assert line.words == list(range(recorded + needed))
    for window in (10, 100, needed):
        sums = np.convolve(line.bursts[recorded:], np.ones(min(window, needed)), "valid")
        assert sums.max() <= CATCH_UP * window + 1


def test_shortens_pauses_and_leaves_the_edges_of_words_alone() -> None:
    line = Line()
    line.uplink.open()
    line.push(30)
    line.push(100, speech=False)
    line.push(30)
    line.uplink.connect()
    line.push(1600)
    expected = [*range(30 + HANGOVER), *range(130 - MARGIN, 1760)]
    assert line.words == expected


def test_the_pause_before_the_first_word_is_only_a_margin() -> None:
    line = Line()
    line.uplink.open()
    line.push(80, speech=False)
    line.push(10)
    assert line.uplink.backlog == MARGIN + 10


def test_closing_ends_the_recording_at_once_and_drains_the_rest() -> None:
    line = Line()
    line.uplink.open()
    line.push(60)
    line.uplink.close()
    line.push(40)
    assert not line.uplink.drained()
    line.uplink.connect()
    line.drains_once()
    assert line.words == list(range(60))


def test_closing_a_live_gate_drains_at_the_next_block() -> None:
    line = Line()
    line.uplink.connect()
    line.uplink.open()
    line.push(3)
    line.uplink.close()
    assert line.uplink.drained()


@pytest.mark.parametrize("unheard", [0.0, 0.3])
def test_each_connection_with_a_closed_gate_is_drained_once_it_has_sent_what_is_owed(unheard: float) -> None:
    line = Line()
    line.uplink.connect()
    line.uplink.open()
    line.push(60)
    line.uplink.close()
    assert line.uplink.drained()
    line.uplink.disconnect(unheard)
    assert not line.uplink.drained()
    line.uplink.connect()
    line.drains_once()


def test_opening_again_takes_the_drain_back() -> None:
    line = Line()
    line.uplink.open()
    line.push()
    line.uplink.close()
    line.uplink.open()
    line.uplink.connect()
    line.push()
    assert not line.uplink.drained()


@pytest.mark.parametrize(("asked", "kept"), [(0.0, 0), (0.1, 10), (0.3, 30), (9.0, 30)])
def test_pre_roll_goes_before_what_follows(asked: float, kept: int) -> None:
    line = Line(pre_roll=0.3)
    line.push(100)
    line.uplink.open(asked)
    line.push(5)
    line.uplink.connect()
    line.push(700)
    assert line.words == list(range(100 - kept, 805))


def test_pre_roll_never_sends_a_word_twice() -> None:
    line = Line(pre_roll=0.5)
    line.uplink.connect()
    line.uplink.open()
    line.push(20)
    line.uplink.close()
    line.push(5)
    line.uplink.open(0.5)
    line.push(100)
    assert line.words == list(range(125))


def test_a_reconnect_loses_nothing() -> None:
    line = Line()
    line.uplink.connect()
    line.uplink.open()
    line.push(30)
    line.uplink.disconnect()
    line.push(120)
    line.uplink.connect()
    line.push(2450)
    assert line.words == list(range(2600))
    assert line.uplink.backlog == 0


def test_a_full_backlog_drops_the_oldest_and_counts() -> None:
    line = Line()
    line.uplink.open()
    line.push(CAPACITY + 7)
    assert (line.uplink.backlog, line.uplink.dropped) == (CAPACITY, 7)
    assert line.uplink.take()[:4] == numbered(7).tobytes()[:4]


def test_take_empties_the_backlog_and_goes_on_live() -> None:
    line = Line()
    line.uplink.open()
    line.push(12)
    assert line.uplink.take() == b"".join(numbered(number).tobytes() for number in range(12))
    line.uplink.connect()
    line.push(2)
    assert line.words == [12, 13]


def test_discard_forgets_everything() -> None:
    line = Line()
    line.uplink.open()
    line.push(12)
    line.uplink.discard()
    line.push(2)
    line.uplink.connect()
    line.push(2)
    assert line.sent == [None, None]
    assert not line.uplink.drained()


def test_late_blocks_make_no_burst_and_are_not_lost_with_the_gate_open() -> None:
    line = Line()
    line.uplink.connect()
    line.push(30, late=True)
    assert line.sent == []
    line.uplink.open()
    line.push(30, late=True)
    assert line.sent == []
    line.push(650)
    assert line.words == list(range(30, 710))
    assert max(line.bursts) <= BURST


Actions = st.sampled_from(["open", "close", "connect", "disconnect", "late", ""])
Steps = st.lists(st.tuples(Actions, st.booleans(), st.integers(1, 60)), min_size=1, max_size=25)


@settings(max_examples=150, deadline=None)
@example(steps=[("connect", False, 5), ("open", False, 80), ("close", False, 1), ("open", False, 1)], pre_roll=0.1)
@given(steps=Steps, pre_roll=st.sampled_from([0.0, 0.1, 0.6]))
def test_every_recorded_voiced_block_leaves_once_and_in_order(steps: list[tuple[str, bool, int]], pre_roll: float) -> None:
    line = Line(pre_roll)
    opened, must, speech_of = False, set[int](), dict[int, bool]()
    for action, speech, count in steps:
        {"open": lambda: line.uplink.open(pre_roll), "close": line.uplink.close}.get(action, lambda: None)()
        {"connect": line.uplink.connect, "disconnect": line.uplink.disconnect}.get(action, lambda: None)()
        opened = action == "open" or (opened and action != "close")
        for _ in range(count):
            speech_of[line.pushed] = speech
            if opened and speech:
                must.add(line.pushed)
            line.push(speech=speech, late=action == "late")
    connected_from = len(line.bursts)
    line.uplink.connect()
    recorded = line.uplink.backlog
    line.push(21 * recorded + 8, speech=True)
    must |= set(range(connected_from, line.pushed)) if opened else set()
    assert line.words == sorted(set(line.words)), "in order, none twice"
    assert must <= set(line.words), "nothing voiced is lost"
    assert line.uplink.dropped == 0
    assert line.uplink.backlog == 0
    if opened:
        assert line.words[-1] == line.pushed - 1, "live at the end"
    assert all(sum(line.bursts[at : at + 10]) <= CATCH_UP * 10 + 1 for at in range(len(line.bursts)))


def test_memory_stands_still() -> None:
    uplink = Uplink(0.6)
    block = numbered(1)

    def visit() -> None:
        uplink.open(0.6)
        for index in range(1200):
            uplink.push(block, index % 300 < 200)
        uplink.connect()
        for _ in range(400):
            uplink.push(block, True)
        uplink.discard()
        for _ in range(80):
            uplink.push(block, True)

    visit()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(3):
        visit()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 2048


def test_what_was_sent_into_a_dead_connection_is_sent_again() -> None:
    uplink = Uplink(0.0)
    uplink.open()
    uplink.connect()
    for number in range(1, 101):
        assert uplink.push(np.full(BLOCK, number, dtype=np.int16), True) == 1
    uplink.disconnect(unheard=0.3)
    assert uplink.backlog == 30
    uplink.push(np.full(BLOCK, 101, dtype=np.int16), True)
    uplink.connect()
    again: list[int] = []
    for number in range(102, 800):
        count = uplink.push(np.full(BLOCK, number, dtype=np.int16), True)
        again += [int(uplink.out[index][0]) for index in range(count)]
    assert again[:40] == list(range(71, 111))


def test_nothing_is_sent_again_that_is_not_known_whole() -> None:
    uplink = Uplink(0.0)
    uplink.open()
    uplink.connect()
    for number in range(1, 11):
        uplink.push(np.full(BLOCK, number, dtype=np.int16), True)
    uplink.disconnect(unheard=4.0)
    assert uplink.backlog == 10
    uplink.disconnect(unheard=4.0)
    assert uplink.backlog == 10
    uplink.discard()
    uplink.disconnect(unheard=4.0)
    assert uplink.backlog == 0
