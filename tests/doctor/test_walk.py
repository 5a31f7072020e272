"""The walk itself, in virtual time: nothing hangs it, nothing raises out of it, and no failure is told twice."""

from __future__ import annotations

import asyncio

import pytest

from kiosk.doctor.findings import Finding, Verdict, failure, ok, skipped
from kiosk.doctor.visit import Visit
from kiosk.doctor.walk import Link, walk
from tests.doctor.helpers import Actor, visit

pytestmark = pytest.mark.looptime


async def well(_visit: Visit) -> Finding:
    return ok("a", "well")


async def ill(_visit: Visit) -> Finding:
    return failure("a", "ill", "mend")


async def left_out(_visit: Visit) -> Finding:
    return skipped("a", "not wanted")


async def hanging(_visit: Visit) -> Finding:
    return await asyncio.get_running_loop().create_future()


async def stumbling(_visit: Visit) -> Finding:
    raise KeyError("what")


async def found(*links: Link) -> list[Finding]:
    async with visit() as made:
        return [finding async for finding in walk(links, made)]


async def test_each_is_told_as_soon_as_it_is_there() -> None:
    async with visit() as made:
        walking = walk((Link("a", well, 1.0), Link("b", hanging, 1.0)), made)
        assert (await anext(walking)).words == "well"
        assert asyncio.get_running_loop().time() == 0.0
        await walking.aclose()


async def test_what_hangs_is_a_failure_at_its_limit() -> None:
    [first, second] = await found(Link("a", hanging, 3.0), Link("b", well, 1.0))
    assert (first.verdict, first.words) == (Verdict.FAILURE, "no result within 3 s")
    assert second.verdict is Verdict.OK
    assert asyncio.get_running_loop().time() == 3.0


async def test_what_raises_is_a_failure_in_words() -> None:
    [finding] = await found(Link("a", stumbling, 1.0))
    assert (finding.verdict, finding.words) == (Verdict.FAILURE, "could not be examined: KeyError: 'what'")


async def test_what_stands_on_a_failure_is_left_out_with_all_that_stands_on_that() -> None:
    first, *others = await found(Link("a", ill, 1.0), Link("b", well, 1.0, ("a",)), Link("c", well, 1.0, ("b",)), Link("d", well, 1.0))
    assert first.verdict is Verdict.FAILURE
    assert [finding.verdict for finding in others] == [Verdict.SKIPPED, Verdict.SKIPPED, Verdict.OK]
    assert [finding.words for finding in others[:2]] == ["not looked at, because of: a", "not looked at, because of: b"]


async def test_what_was_not_wanted_keeps_nothing_else_away() -> None:
    findings = await found(Link("a", left_out, 1.0), Link("b", well, 1.0, ("a",)))
    assert [finding.verdict for finding in findings] == [Verdict.SKIPPED, Verdict.OK]


async def test_the_person_sees_what_is_going_on() -> None:
    person = Actor()
    async with visit(person=person) as made:
        async for _ in walk((Link("a", well, 1.0), Link("b", hanging, 1.0)), made):
            pass
    assert person.told == ["a …", "b …"]
