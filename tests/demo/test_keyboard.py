"""A button out of a terminal's keys."""

from __future__ import annotations

import asyncio

import pytest

from kiosk.sim.keyboard import RELEASE_S, HeldKey, keys


@pytest.mark.parametrize(
    ("text", "plain"), [("q", "q"), ("  h", "  h"), ("\x1b[A\x1b[1;5Cq", "q"), ("\x1bOPn", "n"), ("\x1b", ""), ("\x1b[15~m", "m")]
)
def test_only_plain_keys_count(text: str, plain: str) -> None:
    assert "".join(keys(text)) == plain


class Button:
    """A held key and what it did, with the times."""

    def __init__(self) -> None:
        self.did: list[tuple[str, float]] = []
        self.key = HeldKey(lambda: self._note("press"), lambda: self._note("release"))

    def _note(self, what: str) -> None:
        self.did.append((what, round(asyncio.get_running_loop().time(), 3)))


@pytest.mark.looptime
class TestHeldKey:
    async def test_repeats_are_one_press_that_ends_after_the_last(self) -> None:
        button = Button()
        for wait in (0.5, 0.03, 0.03, 0.03):
            button.key.hit()
            await asyncio.sleep(wait)
        button.key.hit()
        await asyncio.sleep(5)
        assert button.did == [("press", 0.0), ("release", pytest.approx(0.59 + RELEASE_S))]

    async def test_enter_holds_until_enter(self) -> None:
        button = Button()
        button.key.hold()
        await asyncio.sleep(10)
        button.key.hold()
        assert button.did == [("press", 0.0), ("release", 10.0)]

    async def test_enter_while_the_key_is_down_keeps_it_down(self) -> None:
        button = Button()
        button.key.hit()
        button.key.hold()
        await asyncio.sleep(10)
        assert button.did == [("press", 0.0)]

    async def test_letting_go_is_told_once(self) -> None:
        button = Button()
        button.key.hit()
        button.key.release()
        button.key.release()
        await asyncio.sleep(2)
        assert button.did == [("press", 0.0), ("release", 0.0)]
