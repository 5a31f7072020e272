"""The devices lent out: microphone, speaker, button and LED for somebody who tests them beside the running daemon."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, Protocol

from kiosk.errors import LoanError
from kiosk.machine.states import State

if TYPE_CHECKING:
    from kiosk.dispatcher import Dispatcher

_log = logging.getLogger(__name__)

LIMIT: Final = 600.0
"""Seconds of the longest loan."""
CLEARING: Final = 8.0
"""Seconds in which the devices must have been closed; a driver that hangs in an opening is given up after 6."""
GRACE: Final = 0.2
"""Seconds from a borrower's end until the devices are taken back: of a killed one the kernel closes the connection first, maybe."""
_WHY_NOT: Final = {
    State.STARTING: ("the kiosk is starting", "try again in a few seconds"),
    State.STOPPING: ("the kiosk is stopping", "try again when it has ended"),
}
_IN_CALL: Final = ("the kiosk is in a call", "try again when it ends, or end it with voice-kiosk hangup")
_LEAVING: Final = ("a call is just being left", "try again in a few seconds")


class Part(Protocol):
    """Devices that can be given free and taken again (`kiosk.audio.sound.Sound`, `kiosk.panel.panel.Panel`)."""

    async def pause(self) -> None: ...
    def resume(self) -> None: ...


class Loans:
    """One loan at a time, and only of an idle kiosk's devices: no visitor is cut off. All else, a session held ahead too, goes on."""

    def __init__(self, dispatcher: Dispatcher, sound: Part, panel: Part, left: Callable[[], bool]) -> None:
        self._dispatcher = dispatcher
        self._parts = (sound, panel)
        self._left = left

    @asynccontextmanager
    async def lend(self, who: str) -> AsyncGenerator[float]:
        """The devices are free for the block, which has so many seconds; raises LoanError. However it ends, they are taken back."""
        self._check()
        self._dispatcher.lend(who)
        try:
            await self._clear()
            _log.info("the devices are lent to %s", who)
            yield LIMIT
        finally:
            asyncio.get_running_loop().call_later(GRACE, self._take_back, who)

    async def _clear(self) -> None:
        try:
            async with asyncio.timeout(CLEARING):
                await asyncio.gather(*(part.pause() for part in self._parts))
        except TimeoutError:
            raise LoanError(f"the devices could not be closed within {CLEARING:g} s", hint="see journalctl -u voice-kiosk") from None

    def _check(self) -> None:
        state = self._dispatcher.kiosk.state
        if self._dispatcher.lent is not None:
            what, hint = f"the devices are lent to {self._dispatcher.lent} already", "try again when that test is over"
        elif state is not State.IDLE:
            what, hint = _WHY_NOT.get(state, _IN_CALL)
        elif not self._left():
            what, hint = _LEAVING
        else:
            return
        raise LoanError(what, hint=hint)

    def _take_back(self, who: str) -> None:
        for part in self._parts:
            part.resume()
        self._dispatcher.lend(None)
        _log.info("the devices that were lent to %s are the kiosk's again", who)
