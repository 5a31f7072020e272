"""Sessions for those who need one now: budgeted, never given twice, one held ahead where that is wanted."""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from kiosk.backoff import Backoff
from kiosk.config.parameters import same_request
from kiosk.errors import Retry, SessionError
from kiosk.session.budget import Budget
from kiosk.session.client import Client, Doubt

if TYPE_CHECKING:
    from kiosk.config.model import SessionConfig
    from kiosk.config.secrets import Secret
    from kiosk.session.grant import Grant

log = logging.getLogger(__name__)

_REFUSAL: Final = 300.0
"""Seconds without a request after the API refused key, balance, rights or parameters."""
_RENEW: Final = 60.0
_RENEW_SHARE: Final = 0.2
"""A held session is renewed when this many seconds, or this share of its life, remain: whichever is less."""
_WORTH_HOLDING: Final = 30.0
"""A token that lives shorter would be renewed all the time and still be stale at the press."""
_CLOSE: Final = 2.0
_SLACK: Final = 0.05
"""Seconds by which a timer may come too early."""


class Api(Protocol):
    """What Tokens needs of the API: the real one is `Client`."""

    async def ask(self) -> Grant: ...

    async def end(self, grant: Grant) -> None: ...

    async def reachable(self) -> SessionError | None: ...

    async def answers(self) -> SessionError | None: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Ban:
    """No request before `until`, because of an answer that is told again meanwhile."""

    text: str
    code: str
    retry: Retry
    hint: str
    until: float

    def error(self, left: float) -> SessionError:
        text = f"{self.text}; not asked again for {left:.0f} s"
        return SessionError(text, code=self.code, retry=self.retry, after=left, hint=self.hint)


def ahead(uniform: Callable[[float, float], float] = random.uniform) -> Backoff:
    """The pace at which a session to be held ahead is asked for while none is granted: nobody waits for it."""
    return Backoff(base=5.0, cap=300.0, floor=1.0, uniform=uniform)


class Tokens:
    """The session's side of the API. All times are the event loop's; every method is called on it.

    `api` replaces the real client (tests), `tls` the system's trust; `doubt` says why the device's clock may be wrong (see Client).
    """

    def __init__(
        self,
        config: SessionConfig,
        api_key: Secret | None,
        *,
        api: Api | None = None,
        tls: ssl.SSLContext | None = None,
        doubt: Doubt | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self._config = config
        self._new_api: Callable[[SessionConfig], Api] = lambda config: api or Client(config, api_key, tls=tls, doubt=doubt)
        self._api = self._new_api(config)
        self._budget = Budget(config.requests_per_minute)
        self._backoff = backoff or ahead()
        self._ban: _Ban | None = None
        self._failing: SessionError | None = None
        """What the latest request came to, where trying again may help."""
        self._turn = asyncio.Lock()
        self._looking = asyncio.Lock()
        self._asking: asyncio.Task[Grant] | None = None
        self._held: Grant | None = None
        self._renew_at = 0.0
        self._failing_since: float | None = None
        self._taken = asyncio.Event()
        self._background: set[asyncio.Task[None]] = set()
        self.on_outcome: Callable[[SessionError | None], None] = lambda _error: None
        """What each request came to: None for a session."""

    @property
    def refusal(self) -> SessionError | None:
        """What the API has refused, for as long as it is not asked again; None where nothing of it stands."""
        ban = self._ban
        if ban is None or ban.retry is not Retry.REFUSED or (left := ban.until - self._now()) <= 0:
            return None
        return ban.error(left)

    async def take(self, needed: float = 15.0) -> Grant:
        """One session, never given twice, whose token lives `needed` more seconds.

        One that lives shorter is replaced once; the second is given whatever it lives. Raises SessionError; without a
        request where the budget is spent ("budget", or what it was spent on in vain), where the API asked to wait, and
        for 5 min after it refused.
        """
        grant = await self._next(needed)
        if self._left(grant) >= needed:
            return grant
        try:
            second = await self._next(needed)
        except SessionError:
            if self._left(grant) > 0:
                return grant
            raise
        except asyncio.CancelledError:
            self._end_soon(grant)
            raise
        self._end_soon(grant)
        return second

    async def end(self, grant: Grant) -> None:
        """Ends the session at the API where the form can; 3 s at most, never raises."""
        await self._api.end(grant)

    async def run(self) -> None:
        """Holds one session ahead while the configuration wants it; returns only when cancelled."""
        while True:
            await self._until_wanted()
            try:
                if await self._renew():
                    self._recovered()
            except SessionError as error:
                self._failed(error)
                await asyncio.sleep(self._backoff.next(self._wait()))

    async def reconfigure(self, config: SessionConfig) -> None:
        """Ask by these settings from now on, after what is being asked; a session held by the old ones is ended.

        What the API said of waiting stays in force; a refusal only where the same would be asked again.
        """
        async with self._turn:
            if config == self._config:
                return
            if (asking := self._asking) is not None:
                await asyncio.wait([asking])
                self._asking = None
                if not asking.cancelled() and asking.exception() is None:
                    self._end_soon(asking.result())
            if (held := self._pop()) is not None:
                self._end_soon(held)
            if self._ban is not None and self._ban.retry is Retry.REFUSED and not same_request(config, self._config):
                self._ban = None
            self._budget.resize(config.requests_per_minute)
            old, self._api, self._config = self._api, self._new_api(config), config
            if old is not self._api:
                self._spawn(self._retire(old, set(self._background)))

    async def reachable(self) -> SessionError | None:
        """Whether the API's host answers (TCP and TLS, no session, no key sent): None, or what keeps it from it; 5 s at most."""
        async with self._looking:
            return await self._api.reachable()

    async def answers(self) -> SessionError | None:
        """Whether the API answers a request for nothing (no session, no key sent): None, or what keeps it from it; 5 s at most."""
        return await self._api.answers()

    async def trial(self) -> SessionError | None:
        """Whether the API grants a session; one that is not to be held ahead is ended at once. Not asked where `take` would not."""
        try:
            async with self._turn:
                if self._held is None:
                    self._keep(await self._ask())
        except SessionError as error:
            return error
        return None

    async def close(self) -> None:
        """Ends what is held and closes the connections; 2 s at most for the API to hear of it."""
        if (held := self._pop()) is not None:
            self._end_soon(held)
        pending: set[asyncio.Task[Any]] = set(self._background)
        if self._asking is not None:
            self._asking.cancel()
            pending.add(self._asking)
        if pending:
            _, late = await asyncio.wait(pending, timeout=_CLOSE)
            for task in late:
                task.cancel()
        await self._api.close()

    async def _retire(self, api: Api, ends: set[asyncio.Task[None]]) -> None:
        """Close an API that is asked no longer, once all that it still does is done."""
        if ends:
            await asyncio.wait(ends)
        async with self._looking:
            await api.close()

    async def _next(self, needed: float) -> Grant:
        async with self._turn:
            if (held := self._pop()) is not None:
                if self._left(held) >= needed:
                    return held
                self._end_soon(held)
            return await self._ask()

    async def _ask(self) -> Grant:
        """One request, made whole even if who asked for it goes away: its session is then the next one's, or ended. Under `_turn`."""
        if self._asking is None:
            self._check_allowed()
            self._asking = asyncio.create_task(self._request(), name="session-request")
        asking = self._asking
        try:
            grant = await asyncio.shield(asking)
        except asyncio.CancelledError:
            asking.add_done_callback(self._unclaimed)
            raise
        except Exception:
            self._asking = None
            raise
        self._asking = None
        return grant

    def _unclaimed(self, asking: asyncio.Task[Grant]) -> None:
        """A request whose asker went away is done; whoever holds the turn now is waiting for it himself."""
        if self._asking is not asking or self._turn.locked():
            return
        self._asking = None
        if asking.cancelled() or asking.exception() is not None:
            return
        self._keep(asking.result())

    async def _request(self) -> Grant:
        sent = True
        try:
            grant = await self._granted()
        except SessionError as error:
            sent = error.sent
            self._failing = error if error.retry is Retry.SOON else None
            told = _REFUSAL if error.retry is Retry.REFUSED else error.after
            if told is not None:
                self._ban = _Ban(str(error), error.code, error.retry, error.hint, self._now() + told)
            self.on_outcome(error)
            raise
        finally:
            if sent:
                self._budget.spend(self._now())
        self._failing = None
        self.on_outcome(None)
        return grant

    async def _granted(self) -> Grant:
        """The API's answer; what nobody has foreseen is a SessionError like any other, and its traceback is written once in a row."""
        try:
            return await self._api.ask()
        except SessionError:
            raise
        except Exception as error:
            if self._failing is None or self._failing.code != "internal":
                log.exception("a session request failed in a way that was not foreseen")
            raise SessionError(f"unforeseen: {type(error).__name__}", code="internal", retry=Retry.SOON) from error

    def _check_allowed(self) -> None:
        now = self._now()
        if self._ban is not None and (left := self._ban.until - now) > 0:
            raise self._ban.error(left)
        if (wait := self._budget.wait(now)) > 0:
            if (failing := self._failing) is not None:
                raise _Ban(str(failing), failing.code, Retry.WAIT, failing.hint, now + wait).error(wait)
            text = f"the device has asked for as many sessions as `requests_per_minute` allows; again in {wait:.0f} s"
            raise SessionError(text, code="budget", retry=Retry.WAIT, after=wait)

    def _wait(self) -> float:
        """Seconds until a request may be made that still leaves one for a visitor."""
        now = self._now()
        banned = self._ban.until - now if self._ban is not None else 0.0
        return max(banned, self._budget.wait(now, slots=min(2, self._config.requests_per_minute)), 0.0)

    async def _until_wanted(self) -> None:
        """Waits until nothing is held or it is to be renewed, and until a request leaves one for a visitor."""
        while True:
            self._taken.clear()
            if not self._config.prefetch:
                await self._taken.wait()
            elif not self._due():
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(self._renew_at):
                        await self._taken.wait()
            elif wait := self._wait():
                await asyncio.sleep(max(wait, _SLACK))
            else:
                return

    def _due(self) -> bool:
        return self._held is None or self._now() >= self._renew_at - _SLACK

    async def _renew(self) -> bool:
        """Whether a session was asked for and is held; raises SessionError."""
        async with self._turn:
            # While the turn was awaited a visitor may have asked, or left a session behind.
            if self._wait() > 0 or not self._due():
                return False
            grant = await self._ask()
            if (left := self._left(grant)) < _WORTH_HOLDING:
                self._end_soon(grant)
                text = f"the API's tokens live only {left:.0f} s, too short to hold one ahead"
                raise SessionError(text, code="bad-answer", retry=Retry.SOON, hint="set session.prefetch to false")
            if (old := self._pop()) is not None:
                self._end_soon(old)
            self._hold(grant)
            return True

    def _failed(self, error: SessionError) -> None:
        log.log(logging.DEBUG if self._failing_since is not None else logging.WARNING, "no session can be held ahead: %s", error)
        self._failing_since = self._failing_since or self._now()

    def _recovered(self) -> None:
        self._backoff.reset()
        if self._failing_since is not None:
            log.info("sessions are held ahead again after %.0f s", self._now() - self._failing_since)
            self._failing_since = None

    def _keep(self, grant: Grant) -> None:
        """A session that nobody waits for: held where one is wanted, else ended."""
        if self._config.prefetch and self._held is None and self._left(grant) >= _WORTH_HOLDING:
            self._hold(grant)
        else:
            self._end_soon(grant)

    def _hold(self, grant: Grant) -> None:
        self._held = grant
        self._renew_at = grant.expires_at - min(_RENEW, _RENEW_SHARE * self._left(grant))

    def _pop(self) -> Grant | None:
        grant, self._held = self._held, None
        self._taken.set()
        return grant

    def _end_soon(self, grant: Grant) -> None:
        self._spawn(self._api.end(grant))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="session-end")
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _left(self, grant: Grant) -> float:
        return grant.expires_at - self._now()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
