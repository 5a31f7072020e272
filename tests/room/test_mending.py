"""When a connection counts as broken and when as whole, in virtual time; the signs of life are the test's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, cast

import pytest

from kiosk.errors import Retry, RoomError
from kiosk.room import line as signalling
from kiosk.room.mending import PROOF, Mending
from kiosk.room.publication import Publication
from kiosk.room.pulse import DETOUR, LOOK, SILENT, TICK, YOUNG, Arrived, Pulse
from kiosk.room.traffic import Traffic

pytestmark = pytest.mark.looptime


class Line:
    """A path over which something comes every 0.4 s unless it is dead; also the room's side of the mending, which notes what it is told."""

    def __init__(self) -> None:
        self.path, self.dead, self.mute = "p1", False, False
        self.signalling = signalling.Line()
        self.answers = False
        """Whether the signalling connection answers."""
        self.told: list[str] = []
        self.unheard: list[float] = []
        self.failure: RoomError | None = None
        self.on_reconnecting: Callable[[], None] = lambda: None
        self.on_reconnected: Callable[[], None] = lambda: None
        self._base = self._counted = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self, *, answers: bool = False) -> None:
        """Six seconds in which nothing is wrong. Not in the fixture: there time is another."""
        pulse = Pulse(self.arrived, self.signalling)
        Mending(cast(Traffic, self), cast(Publication, self), pulse, self.start)
        self.start(pulse.run())
        self.answers = answers
        self.start(self._answer())
        await asyncio.sleep(6.0)
        assert self.told == []

    async def arrived(self) -> Arrived | None:
        if self.mute:
            return None
        if not self.dead:
            self._counted = int(asyncio.get_running_loop().time() / 0.4)
        return Arrived(self._counted - self._base, self.path)

    async def _answer(self) -> None:
        while True:
            if self.answers:
                self.signalling.heard(answer=True)
            await asyncio.sleep(signalling.ASKING)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def fresh(self) -> None:
        """Another path, counted from 0."""
        self.path, self._base = f"{self.path}'", self._counted

    # what Mending needs of Traffic and Publication

    def falters(self, falters: bool) -> None:
        self.told.append("falters" if falters else "steady")

    def broken(self, *, unheard: float | None = None) -> None:
        if unheard is not None:
            self.told.append("broken")
            self.unheard.append(unheard)

    def resumed(self, *, anew: bool) -> None:
        self.told.append("anew" if anew else "resumed")

    def lost(self, error: RoomError) -> None:
        self.told.append(error.code)

    async def check(self) -> bool:
        if self.failure is not None:
            raise self.failure
        return False


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    made = Line()
    yield made
    await made.close()


async def test_silence_is_broken_until_something_comes(line: Line) -> None:
    await line.begin()
    line.dead = True
    await asyncio.sleep(SILENT + 2 * LOOK)
    assert line.told == ["broken"]
    assert SILENT < line.unheard[0] < SILENT + 3 * LOOK
    line.dead = False
    await asyncio.sleep(2 * LOOK)
    assert line.told == ["broken", "resumed"]


async def test_statistics_that_never_come_are_silence(line: Line) -> None:
    await line.begin()
    line.mute = True
    await asyncio.sleep(SILENT + 2 * LOOK)
    assert line.told == ["broken"]


async def test_another_path_is_no_sign_of_life_and_a_long_way_to_it_is_a_break(line: Line) -> None:
    await line.begin()
    line.fresh()
    await asyncio.sleep(YOUNG)
    assert line.told == []
    line.dead = True
    await asyncio.sleep(DETOUR + LOOK)
    line.dead = False
    line.fresh()
    await asyncio.sleep(4 * LOOK)
    assert line.told == ["broken", "resumed"]


async def test_a_young_connection_finds_a_better_path_and_is_not_broken(line: Line) -> None:
    await line.begin()
    line.dead = True
    await asyncio.sleep(DETOUR)
    line.fresh()
    line.dead = False
    await asyncio.sleep(4 * LOOK)
    assert line.told == []


async def test_the_librarys_word_is_believed_with_signs_of_life(line: Line) -> None:
    await line.begin()
    line.on_reconnecting()
    assert (line.told, line.unheard) == (["broken"], [0.0])
    await asyncio.sleep(3.0)
    line.on_reconnected()
    await asyncio.sleep(LOOK)
    assert line.told == ["broken", "resumed"]


async def test_the_librarys_word_alone_is_not_believed(line: Line) -> None:
    await line.begin()
    line.on_reconnecting()
    line.dead = True
    await asyncio.sleep(3.0)
    line.on_reconnected()
    await asyncio.sleep(PROOF + 2 * LOOK)
    assert line.told == ["broken", "room-lost"]


async def test_a_failed_publication_is_lost(line: Line) -> None:
    await line.begin()
    line.failure = RoomError("no", code="publish-failed", retry=Retry.SOON)
    line.on_reconnecting()
    line.on_reconnected()
    await asyncio.sleep(LOOK)
    assert line.told == ["broken", "publish-failed"]


async def test_a_second_break_outdates_the_first_mending(line: Line) -> None:
    await line.begin()
    line.on_reconnecting()
    line.dead = True
    await asyncio.sleep(3.0)
    line.on_reconnected()
    line.on_reconnecting()
    await asyncio.sleep(PROOF + 2 * LOOK)
    assert line.told == ["broken"]
    line.dead = False
    line.on_reconnected()
    await asyncio.sleep(PROOF)
    assert line.told == ["broken", "resumed"]


async def test_a_line_that_stops_answering_beside_a_silent_path_is_told_within_a_second(line: Line) -> None:
    await line.begin(answers=True)
    line.answers, line.dead = False, True
    await asyncio.sleep(signalling.SHORTEST + 2 * TICK)
    assert line.told == ["falters"]
    await asyncio.sleep(SILENT)
    assert line.told == ["falters", "broken"]
    line.answers, line.dead = True, False
    await asyncio.sleep(2 * LOOK)
    assert line.told == ["falters", "broken", "resumed"]


async def test_an_accident_is_taken_back_by_an_answer(line: Line) -> None:
    await line.begin(answers=True)
    line.answers, line.dead = False, True
    await asyncio.sleep(1.2)
    line.answers = True
    await asyncio.sleep(2 * signalling.ASKING)
    assert line.told == ["falters", "steady"]
    line.dead = False
    await asyncio.sleep(5.0)
    assert line.told == ["falters", "steady"]


async def test_a_path_that_stays_silent_beside_a_line_that_answers_is_broken(line: Line) -> None:
    await line.begin(answers=True)
    line.dead = True
    await asyncio.sleep(SILENT + 2 * LOOK)
    assert line.told == ["broken"]
    await asyncio.sleep(5.0)
    assert line.told == ["broken"]


async def test_a_line_that_dies_beside_a_living_path_says_nothing_any_more(line: Line) -> None:
    await line.begin(answers=True)
    line.answers = False
    await asyncio.sleep(30.0)
    # Packets come every 0.4 s here: none may have come since the latest look, once.
    assert line.told in ([], ["falters", "steady"])


async def test_a_line_that_stands_now_and_then_beside_a_living_path_is_doubted_once(line: Line) -> None:
    await line.begin(answers=True)
    for _ in range(20):
        line.answers = False
        await asyncio.sleep(1.3)
        line.answers = True
        await asyncio.sleep(1.7)
    assert line.told in ([], ["falters", "steady"])


async def test_what_the_library_knows_to_be_broken_does_not_falter(line: Line) -> None:
    await line.begin(answers=True)
    line.on_reconnecting()
    line.answers, line.dead = False, True
    await asyncio.sleep(SILENT)
    assert line.told == ["broken"]
