"""The session API over HTTP: one request, one checked answer, bounded in time and size. No other module speaks to it."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from yarl import URL

from kiosk.dial import knock
from kiosk.errors import SessionError
from kiosk.session import faults
from kiosk.session.answer import LIMIT, read_answer, seconds_left
from kiosk.session.forms import end_url, request_url, shape_of
from kiosk.session.grant import Grant
from kiosk.session.resolver import Resolver
from kiosk.session.wire import http_date

if TYPE_CHECKING:
    from kiosk.config.model import SessionConfig
    from kiosk.config.secrets import Secret

log = logging.getLogger(__name__)

_CONNECT_SHARE: Final = 0.6
_PROBE_SHARE: Final = 0.25
"""Parts of `request_timeout` for TCP and TLS, and then for finding out who else may be answering."""
_END: Final = 3.0
_REACH: Final = 5.0
_DETAIL: Final = 2.0
"""Seconds for the text of an error whose status is known already."""
_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "voice-kiosk"}

Doubt = Callable[[bool], str | None]


class Client:
    """One HTTP session, opened in the loop at the first use. TLS is always verified, nothing is redirected, no proxy or cookie used.

    `tls` replaces the system's trust (tests), `wall` is the local clock in seconds since 1970, `doubt` says why that clock
    may be wrong where a certificate is not valid yet (True) or no longer, and `plain_port` is where a captive portal would answer.
    """

    def __init__(
        self,
        config: SessionConfig,
        api_key: Secret | None,
        *,
        tls: ssl.SSLContext | None = None,
        wall: Callable[[], float] = time.time,
        doubt: Doubt | None = None,
        plain_port: int = 80,
    ) -> None:
        self._config = config
        self._key = api_key
        self._tls = tls
        self._wall = wall
        self._doubt = doubt
        self._plain_port = plain_port
        self._base = URL(config.url)
        # As aiohttp asks for it: `host` is decoded, and a name such as xn--fa-hia.de is then encoded as another.
        self._host = self._base.raw_host or ""
        self._resolver = Resolver()
        self._opening = asyncio.Lock()
        self._session: aiohttp.ClientSession | None = None
        self.clock_ahead: float | None = None
        """Seconds by which the API's clock was ahead of this device's, to a second, when `answers` had its latest dated answer."""

    async def ask(self) -> Grant:
        """A new session; raises SessionError within `request_timeout` seconds whatever the network does."""
        try:
            async with asyncio.timeout(self._config.request_timeout):
                return await self._ask()
        except TimeoutError:
            raise faults.timed_out(self._config.request_timeout) from None

    async def end(self, grant: Grant) -> None:
        """Ends the session at the API where its form can; 3 s at most, and a failure is only noted."""
        url = end_url(self._config, grant.session_id)
        if url is None:
            return
        try:
            async with asyncio.timeout(_END):
                session = await self._open()
                async with session.post(URL(url, encoded=True), headers=self._headers(), allow_redirects=False) as response:
                    response.close()
                    log.debug("session ended at the API (%d)", response.status)
        except (aiohttp.ClientError, OSError) as error:
            log.debug("the session could not be ended at the API (%s)", type(error).__name__)

    async def reachable(self) -> SessionError | None:
        """TCP and TLS to the API's host within 5 s, no request and no key sent; None when that works, else what keeps it from it."""
        try:
            async with asyncio.timeout(_REACH):
                return await self._reach()
        except TimeoutError:
            return faults.timed_out(_REACH)

    async def answers(self) -> SessionError | None:
        """Whether the API answers at all, asked for nothing and without the key: None at any status below 500; 5 s at most."""
        try:
            async with asyncio.timeout(_REACH):
                session = await self._open()
                async with session.get(self._base, headers=_HEADERS, allow_redirects=False) as response:
                    response.close()
                    self._compare(response.headers.get("Date"))
                    if response.status < 500:
                        return None
                    return faults.of_status(response.status, response.headers, b"", (), self._wall())
        except TimeoutError:
            return faults.timed_out(_REACH)
        except (aiohttp.ClientError, OSError) as error:
            return await self._failure(error)

    def _compare(self, date: str | None) -> None:
        told = http_date(date)
        # It names the second that has begun.
        self.clock_ahead = None if told is None else told + 0.5 - self._wall()

    async def close(self) -> None:
        """Closes the connections; the client is not used again."""
        if self._session is not None:
            await self._session.close()
        await self._resolver.close()

    async def _ask(self) -> Grant:
        session = await self._open()
        body = json.dumps(shape_of(self._config).body(self._config)).encode()
        headers = {**self._headers(), "Content-Type": "application/json"}
        url = URL(request_url(self._config), encoded=True)
        try:
            async with session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                try:
                    return await self._grant(response)
                finally:
                    if not response.content.at_eof():
                        response.close()
        except (aiohttp.ClientError, OSError) as error:
            raise await self._failure(error) from None

    async def _grant(self, response: aiohttp.ClientResponse) -> Grant:
        now = asyncio.get_running_loop().time()
        await self._check(response)
        answer = read_answer(await _body(response), shape_of(self._config))
        left = seconds_left(answer.expires, response.headers.get("Date"), self._wall())
        return Grant(answer.url, answer.token, answer.session_id, answer.room_name, now + left)

    async def _check(self, response: aiohttp.ClientResponse) -> None:
        """Raises the error of every answer whose body is not to be read as a session."""
        status = response.status
        if 300 <= status < 400:
            raise faults.of_redirect(str(self._base), response.headers.get("Location", ""))
        if status == 511:
            raise faults.captive_portal()
        if status >= 400:
            raise faults.of_status(status, response.headers, await _detail(response), (self._key,), self._wall())
        if response.content_type in ("text/html", "application/xhtml+xml"):
            raise faults.captive_portal()
        if status not in (200, 201):
            raise faults.bad_answer(f"its status is {status}")
        if response.content_type != "application/json" and not response.content_type.endswith("+json"):
            raise faults.bad_answer("its content type is not JSON")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise faults.bad_answer("it is compressed, which was not asked for")

    async def _reach(self) -> SessionError | None:
        host, port = self._host, self._base.port or 443
        try:
            addresses = await self._resolver.resolve(host, port, family=socket.AF_UNSPEC)
        except OSError as error:
            return faults.offline(f"the name of the session API is not found ({type(error).__name__})")
        context = await self._context() if self._base.scheme == "https" else None
        try:
            await knock(host, [(each["host"], port) for each in addresses], context)
        except OSError as error:
            return await self._failure(error)
        return None

    async def _failure(self, error: Exception) -> SessionError:
        """What a library's error means, and whether the request was sent."""
        failure = await self._meaning(error)
        failure.sent = not isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
        return failure

    async def _meaning(self, error: Exception) -> SessionError:
        """Asks once, without the key, whether a stranger answers for the host."""
        if isinstance(error, aiohttp.ClientConnectorDNSError):
            return faults.offline("the name of the session API is not found")
        if isinstance(error, aiohttp.ClientResponseError):
            return faults.bad_answer("it is no HTTP")
        cause = _cause(error)
        if self._base.scheme == "https" and await self._stranger_answers():
            return faults.captive_portal()
        if faults.is_certificate_error(cause):
            return faults.of_certificate(cause, await self._doubtful(cause))
        return faults.of_connection(cause)

    async def _doubtful(self, error: BaseException) -> str | None:
        """Why the device's clock may be what the certificate does not suit."""
        early = faults.early(error)
        return None if early is None or self._doubt is None else await asyncio.to_thread(self._doubt, early)

    async def _stranger_answers(self) -> bool:
        """Whether plain HTTP at the API's host is answered with a sign-in page: what a captive portal does, whose TLS never verifies."""
        url = URL.build(scheme="http", host=self._host, port=self._plain_port, path="/")
        session = await self._open()
        with suppress(aiohttp.ClientError, OSError):
            async with (
                asyncio.timeout(_PROBE_SHARE * self._config.request_timeout),
                session.get(url, headers=_HEADERS, allow_redirects=False) as response,
            ):
                response.close()
                target = faults.host_of(response.headers.get("Location", ""))
                elsewhere = 300 <= response.status < 400 and target not in ("", self._host)
                return elsewhere or response.status == 511 or (response.status == 200 and response.content_type == "text/html")
        return False

    def _headers(self) -> dict[str, str]:
        return {**_HEADERS, **({"Authorization": f"Bearer {self._key.reveal()}"} if self._key else {})}

    async def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            # Reading the system's certificates takes long enough to be felt in the sound.
            self._tls = await asyncio.to_thread(ssl.create_default_context)
        return self._tls

    async def _open(self) -> aiohttp.ClientSession:
        async with self._opening:
            if self._session is None:
                connector = aiohttp.TCPConnector(ssl=await self._context(), resolver=self._resolver, limit=4, socket_factory=_narrow_socket)
                self._session = aiohttp.ClientSession(
                    connector=connector,
                    timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SHARE * self._config.request_timeout),
                    cookie_jar=aiohttp.DummyCookieJar(),
                    auto_decompress=False,
                    read_bufsize=LIMIT // 8,
                )
            return self._session


def _narrow_socket(address: tuple[int, int, int, str, tuple[Any, ...]]) -> socket.socket:
    """One whose kernel buffer takes half of what an answer may have (Linux doubles what it is told)."""
    made = socket.socket(*address[:3])
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LIMIT // 4)
    return made


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """The whole body; never holds more than LIMIT bytes and what the transport has buffered."""
    body = bytearray()
    if (response.content_length or 0) > LIMIT:
        raise faults.bad_answer(f"it has more than {LIMIT:,} bytes")
    while part := await response.content.read(LIMIT + 1 - len(body)):
        body += part
        if len(body) > LIMIT:
            raise faults.bad_answer(f"it has more than {LIMIT:,} bytes")
    return bytes(body)


async def _detail(response: aiohttp.ClientResponse) -> bytes:
    """The body of an error, or nothing: its status says enough."""
    with suppress(SessionError, aiohttp.ClientError, OSError):
        async with asyncio.timeout(_DETAIL):
            return await _body(response)
    return b""


def _cause(error: Exception) -> BaseException:
    """The system's or TLS's own error inside a library's."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return error.certificate_error
    return error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
