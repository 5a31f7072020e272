"""What went wrong at the session API, as a SessionError that says what may be done about it. Pure."""

from __future__ import annotations

import errno
import ssl
from collections.abc import Mapping
from typing import Final, cast
from urllib.parse import urlsplit

from pydantic import JsonValue

from kiosk.config.secrets import Secret, mask
from kiosk.errors import Retry, SessionError
from kiosk.session.wire import http_date, parse_object

LONGEST_WAIT: Final = 3600.0
"""No wait that a server tells is believed beyond an hour."""
_RATE_WAIT: Final = 60.0
"""After a 429 without a told wait: the API counts by the minute."""
_DETAIL: Final = 200
_EPOCH: Final = 1e9
"""`X-RateLimit-Reset` is seconds from now in some APIs and seconds since 1970 in others."""
_NOT_YET_VALID: Final = 9
_EXPIRED: Final = 10
"""X509_V_ERR_CERT_NOT_YET_VALID and …_HAS_EXPIRED of OpenSSL's x509_vfy.h."""

_REFUSALS: Final = {
    401: ("bad-key", "the session API does not accept the API key", "put a valid key where credentials.api_key_file points"),
    402: ("no-balance", "the account of the API key has no balance", "top the account up"),
    403: ("forbidden", "the API key may not start this session", "check the key's rights and the agent's owner"),
    404: ("unknown-agent", "the session API does not know the agent", "check session.agent_id, session.url and session.form"),
}
_REFUSED: Final = ("bad-parameters", "the session API refused the parameters", "check the keys under session:")


def of_status(status: int, headers: Mapping[str, str], body: bytes, secrets: tuple[Secret | None, ...], wall: float) -> SessionError:
    """The error of an answer that is no success; `wall` is the local clock, used where the answer has no Date."""
    detail = detail_of(body, *secrets)
    told = _told_wait(headers, http_date(headers.get("Date")) or wall)
    if status == 429:
        wait = told or _RATE_WAIT
        return SessionError(
            f"the session API asks to wait {wait:.0f} s (429){detail}",
            code="busy",
            retry=Retry.WAIT,
            after=wait,
        )
    if status >= 500 or status in (408, 425):
        retry = Retry.WAIT if told else Retry.SOON
        return SessionError(f"the session API is out of order ({status}){detail}", code="api-down", retry=retry, after=told)
    code, text, hint = _REFUSALS.get(status, _REFUSED)
    return SessionError(f"{text} ({status}){detail}", code=code, retry=Retry.REFUSED, hint=hint)


def of_redirect(url: str, location: str) -> SessionError:
    """The error of a redirect, which is never followed with the key."""
    target, host = host_of(location), urlsplit(url).hostname
    if target and target != host:
        return captive_portal()
    return bad_answer("with a redirect, which is not followed")


def bad_answer(what: str) -> SessionError:
    """The error of an answer that is no session."""
    text = f"the session API answered, but {what}"
    return SessionError(text, code="bad-answer", retry=Retry.SOON, hint="check session.url and session.form")


def captive_portal() -> SessionError:
    """The error of a network that answers in the API's place."""
    text = "a captive portal (a network's sign-in page) or another stranger answers instead of the session API"
    return SessionError(text, code="captive-portal", retry=Retry.SOON, hint="sign the device in to the network, or check session.url")


def early(error: BaseException) -> bool | None:
    """True for a certificate that is not valid yet, False for one that no longer is, None where time is not what is wrong with it."""
    return {_NOT_YET_VALID: True, _EXPIRED: False}.get(getattr(error, "verify_code", 0))


def of_certificate(error: BaseException, doubt: str | None) -> SessionError:
    """The error of a TLS handshake that failed; `doubt` is why the device's clock may be what is wrong, None where it is not."""
    why = str(getattr(error, "verify_message", "")) or "handshake failed"
    if doubt is not None:
        text = f"no certificate can be judged by the device's clock: {doubt} ({why[:_DETAIL]})"
        return SessionError(text, code="clock", retry=Retry.SOON, hint="wait for the time to be set from the network (NTP)")
    text = f"the session API's certificate is not accepted ({why[:_DETAIL]})"
    return SessionError(text, code="tls", retry=Retry.SOON, hint="check session.url, the network and the device's clock")


def of_connection(error: BaseException | None) -> SessionError:
    """The error of a connection that failed or broke: `offline` without a way to the network, else `api-unreachable`."""
    number = getattr(error, "errno", None)
    if number in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL):
        return offline("no route to the session API")
    text = (
        "the session API cannot be reached (connection refused)"
        if number == errno.ECONNREFUSED
        else "the connection to the session API broke"
    )
    return SessionError(text, code="api-unreachable", retry=Retry.SOON)


def offline(what: str) -> SessionError:
    """The error of a device without a network."""
    return SessionError(f"offline: {what}", code="offline", retry=Retry.SOON, hint="check the network")


def timed_out(seconds: float) -> SessionError:
    """The error of an answer that did not come whole in time."""
    return SessionError(f"the session API gave no whole answer within {seconds:g} s", code="api-unreachable", retry=Retry.SOON)


def is_certificate_error(error: BaseException) -> bool:
    """Whether TLS, and not the network, is what failed."""
    return isinstance(error, ssl.SSLError | ssl.CertificateError)


def detail_of(body: bytes, *secrets: Secret | None) -> str:
    """`: ` and what the API says, secrets starred out, at most 200 printable characters; empty where it says nothing readable."""
    answer = parse_object(body) or {}
    text = mask(_words(answer.get("detail")), *secrets)
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return f": {text if len(text) <= _DETAIL else text[: _DETAIL - 1] + '…'}" if text else ""


def host_of(location: str) -> str:
    """The host a Location header leads to; empty for a relative or malformed one."""
    try:
        return urlsplit(location).hostname or ""
    except ValueError:
        return ""


def _words(detail: JsonValue) -> str:
    """A text, or the messages of a list of objects (the shape of validation errors)."""
    if isinstance(detail, str):
        return detail
    if isinstance(detail, list):
        parts = [cast("JsonValue", part) for part in detail[:5]]
        return "; ".join(words for part in parts if isinstance(part, dict) and isinstance(words := part.get("msg"), str))
    return ""


def _told_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds from `Retry-After` (a number or a date, RFC 9110) or `X-RateLimit-Reset`, between 1 s and 1 h."""
    for name in ("Retry-After", "X-RateLimit-Reset"):
        text = headers.get(name, "").strip()
        if text.isascii() and text.replace(".", "", 1).isdigit():
            number = float(text)
            wait = number - now if number > _EPOCH else number
            return min(max(wait, 1.0), LONGEST_WAIT)
        if name == "Retry-After" and (moment := http_date(text)) is not None:
            return min(max(moment - now, 1.0), LONGEST_WAIT)
    return None
