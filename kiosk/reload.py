"""The configuration in force: read again when asked, taken as far as the call allows, the rest when it is over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kiosk.boot import Boot
from kiosk.config.changes import Takes, differences, merged
from kiosk.config.loader import parse, read
from kiosk.config.model import Config
from kiosk.config.rules import findings
from kiosk.dispatcher import Dispatcher, Notify
from kiosk.errors import ConfigError
from kiosk.health import Area, Health
from kiosk.machine.states import State
from kiosk.nursery import Nursery
from kiosk.system.redact import redacted

_log = logging.getLogger(__name__)

READING: Final = 5.0
"""Seconds for reading the file: a dying card may never give it."""
LOOK: Final = 0.5
"""Seconds between looks at whether the call is over that something waits for."""
_LIVE: Final = frozenset({Takes.NOW, Takes.AFTER_CALL})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a reload: the keys by what became of them, or `problems` of a file that changed nothing."""

    applied: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    """For the end of the call."""
    restart: tuple[str, ...] = ()
    """For a restart of the daemon."""
    problems: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """One line."""
        if self.problems:
            return f"refused, the old one stays in force: {'; '.join(self.problems)}"
        parts = [f"{name}: {', '.join(keys)}" for name, keys in self._parts() if keys]
        return "; ".join(parts) or "nothing has changed"

    def _parts(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return ("in force", self.applied), ("after the call", self.waiting), ("with a restart", self.restart)


class Reload:
    """`take(config)` hands a configuration to the rooms; keys that need a restart never change in it.

    `idle()` says that no connection is there, nor being left. `config` is what is in force, `outcome` the latest reload's.
    """

    def __init__(
        self,
        boot: Boot,
        *,
        dispatcher: Dispatcher,
        notify: Notify,
        health: Health,
        nursery: Nursery,
        idle: Callable[[], bool],
        take: Callable[[Config], Awaitable[None]],
    ) -> None:
        self.config = self._wanted = boot.config
        self.outcome: Outcome | None = None
        self._boot = boot
        self._dispatcher = dispatcher
        self._notify = notify
        self._health = health
        self._nursery = nursery
        self._idle = idle
        self._take = take
        self._asked = asyncio.Event()
        self._turn = asyncio.Lock()
        self._coming: asyncio.Task[Outcome] | None = None

    @property
    def path(self) -> Path:
        """The file that is read."""
        return self._boot.path

    def begin(self) -> None:
        """Say what is wrong with the file where the daemon runs on the last good one."""
        if self._boot.problems:
            self._refuse(self._boot.problems)

    def ask(self) -> None:
        """Reload soon: SIGHUP's handler. Asked again meanwhile, it is done once more; asked at the end, it is not."""
        if self._dispatcher.kiosk.state is not State.STOPPING:
            self._asked.set()

    async def run(self) -> None:
        """Keep the file that runs, serve `ask`, and take what has waited for the end of a call. Runs for ever."""
        await self._dispatcher.started.wait()
        if not self._boot.problems:
            await asyncio.to_thread(self._boot.last_good.keep, self._boot.text)
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK if self._waits() else None):
                    await self._asked.wait()
            if self._asked.is_set():
                self._asked.clear()
                await self.now()
            elif self._waits() and self._at_rest():
                async with self._turn:
                    outcome = await self._go_on()
                _log.info("the call is over; configuration %s", outcome.words, extra={"kind": "reloaded"})

    async def now(self) -> Outcome:
        """Read the file again and take what can be taken; the outcome is in the journal, too. A bad file changes nothing.

        Once asked for it is done whole: who asked may go before its end, and half of it would be neither the old nor the new.
        One that has not begun yet is also that of those who ask meanwhile.
        """
        if self._coming is None:
            self._coming = self._nursery.spawn(self._now(), "reload")
        return await asyncio.shield(self._coming)

    async def _now(self) -> Outcome:
        await self._dispatcher.started.wait()
        async with self._turn:
            self._coming = None
            self._notify.reloading()
            try:
                outcome = self.outcome = await self._again()
            finally:
                self._notify.ready()
        return outcome

    async def _again(self) -> Outcome:
        try:
            async with asyncio.timeout(READING):
                text, wanted = await asyncio.to_thread(_read, self._boot)
        except TimeoutError:
            return self._refuse((f"{self._boot.path}: could not be read within {READING:g} s",))
        except ConfigError as error:
            return self._refuse(tuple(error.problems))
        self._wanted = wanted
        outcome = await self._go_on()
        self._health.clear(Area.CONFIGURATION)
        self._dispatcher.remark(f"a restart is needed for {', '.join(outcome.restart)}" if outcome.restart else "")
        _log.info("configuration reloaded: %s", outcome.words, extra={"kind": "reloaded"})
        await asyncio.to_thread(self._boot.last_good.keep, text)
        return outcome

    async def _go_on(self) -> Outcome:
        """Take what can be taken now of what is wanted."""
        before, after = self.config, self._next()
        changes = differences(before, self._wanted)
        left = {change.key for change in differences(after, self._wanted)}
        live = merged(before, self._wanted, _LIVE)
        final = {change.key for change in differences(live if _whole(live) else before, self._wanted)}
        self.config = after
        if after != before:
            await self._take(after)
        return Outcome(
            applied=tuple(change.key for change in changes if change.key not in left),
            waiting=tuple(change.key for change in changes if change.key in left - final),
            restart=tuple(change.key for change in changes if change.key in final),
        )

    def _next(self) -> Config:
        """What may be in force now. Where that makes no whole without what needs a restart, all of it waits for that."""
        live = merged(self.config, self._wanted, _LIVE)
        if not _whole(live):
            return self.config
        return live if self._at_rest() else merged(self.config, self._wanted, {Takes.NOW})

    def _waits(self) -> bool:
        live = merged(self.config, self._wanted, _LIVE)
        return live != self.config and _whole(live)

    def _at_rest(self) -> bool:
        """No call runs, and none is being left: it would be left by other settings than it was made by."""
        return self._dispatcher.kiosk.state is State.IDLE and self._idle()

    def _refuse(self, problems: tuple[str, ...]) -> Outcome:
        problems = tuple(redacted(problem) for problem in problems)
        first = problems[0] + (f" (and {len(problems) - 1} more)" if problems[1:] else "")
        self._health.report(Area.CONFIGURATION, "bad-config", first)
        self._dispatcher.remark(first)
        for problem in problems:
            _log.warning("configuration refused: %s", problem, extra={"kind": "configuration refused"})
        return Outcome(problems=problems)


def _whole(config: Config) -> bool:
    return not any(findings(config))


def _read(boot: Boot) -> tuple[bytes, Config]:
    text = read(boot.path)
    return text, parse(text, str(boot.path))
