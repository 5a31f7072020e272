"""The links DNS and TLS."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import SplitResult, urlsplit

from kiosk.doctor.aside import aside
from kiosk.doctor.findings import Finding, failure, ok, skipped, warning
from kiosk.doctor.visit import Visit
from kiosk.session.faults import early
from kiosk.session.resolver import Resolver
from kiosk.system.clock import doubt

SLOW: Final = 1.0
"""Seconds of a name's look-up that a visitor feels."""
ENDING: Final = 14.0
"""Days that a certificate should still live."""
CONNECTING: Final = 4.0
_DAY: Final = 86_400.0
_PROXIES: Final = ("https_proxy", "http_proxy", "all_proxy", "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")


@dataclass(frozen=True, slots=True)
class Handshake:
    """A verified TLS connection."""

    address: str
    seconds: float
    days_left: float
    issuer: str
    protocol: str


def judge_dns(host: str, addresses: list[str], seconds: float, error: str) -> Finding:
    """`error`: why there are none."""
    if error:
        mend = "check the cable or the Wi-Fi; does the router's name service answer? resolvectl status, cat /etc/resolv.conf"
        return failure("dns", f"{host} is not found: {error} (after {seconds:.1f} s)", mend, seconds=round(seconds, 3))
    if _is_address(host):
        return ok("dns", f"{host} is an address, no name", addresses=addresses)
    said = f"{host} is {', '.join(addresses)}, found in {1000 * seconds:.0f} ms"
    figures = {"seconds": round(seconds, 3), "addresses": addresses}
    if seconds >= SLOW:
        return warning("dns", f"{said}, which every visitor waits for", "use a nearer name service", **figures)
    return ok("dns", said, **figures)


def judge_tls(host: str, found: Handshake, proxies: list[str]) -> Finding:
    """A handshake that came about."""
    unused = f"; {', '.join(proxies)} in the environment: not used" if proxies else ""
    said = f"{host} by {found.issuer}, {found.days_left:.0f} days left, {found.protocol}, {1000 * found.seconds:.0f} ms{unused}"
    figures = {"seconds": round(found.seconds, 3), "days_left": round(found.days_left, 1), "issuer": found.issuer}
    if found.days_left < ENDING:
        return warning("tls", said, "tell the provider that its certificate ends soon; is the device's clock right?", **figures)
    return ok("tls", said, address=found.address, **figures)


def judge_no_tls(host: str, error: BaseException, why_doubted: str | None, proxies: list[str]) -> Finding:
    """A handshake that did not. `why_doubted`: the device's clock may be what is wrong."""
    unused = f"; {', '.join(proxies)} in the environment is not used: sound would not pass it" if proxies else ""
    if why_doubted is not None:
        text = f"{host}: no certificate can be judged by this clock: {why_doubted}"
        return failure("tls", text, "wait for time synchronisation (UDP 123), or: sudo timedatectl set-ntp true")
    if isinstance(error, ssl.SSLCertVerificationError):
        mend = "check session.url; a log-in page, a firewall that opens TLS or a stranger may be answering"
        return failure("tls", f"{host}: its certificate is not accepted: {error.verify_message}", mend)
    if isinstance(error, ssl.SSLError):
        return failure(
            "tls", f"{host}: no handshake: {getattr(error, 'reason', None) or error}", "check session.url and the firewall (TCP 443)"
        )
    words = "no answer" if isinstance(error, TimeoutError) else (getattr(error, "strerror", None) or str(error) or "refused").lower()
    return failure("tls", f"{host} cannot be reached: {words}{unused}", "check the network and the firewall (TCP 443)")


async def dns(visit: Visit) -> Finding:
    """The API's name, by the system's resolver."""
    parts = _target(visit)
    host, port = parts.hostname or "", parts.port or 443
    resolver, began, failed = Resolver(), time.monotonic(), ""
    try:
        found = await resolver.resolve(host, port, family=cast(Any, 0))
        visit.addresses = list(dict.fromkeys(each["host"] for each in found))
    except OSError as error:
        failed = (error.strerror or str(error)).lower()
    finally:
        await resolver.close()
    return judge_dns(host, visit.addresses, time.monotonic() - began, failed)


async def tls(visit: Visit) -> Finding:
    """A verified handshake with the first of its addresses that answers; nothing is asked and no key sent."""
    parts = _target(visit)
    if parts.scheme != "https":
        return skipped("tls", "the API is on this machine, without TLS")
    host, failed = parts.hostname or "", cast(BaseException, OSError("no address"))
    proxies = proxies_in(visit.means.environ)
    context = visit.means.tls or await aside(ssl.create_default_context)
    for address in visit.addresses:
        try:
            async with asyncio.timeout(CONNECTING):
                return judge_tls(host, await _handshake(host, address, parts.port or 443, context), proxies)
        except OSError as error:
            failed = error
    is_early = early(failed)
    why = None if is_early is None else await aside(lambda: doubt(is_early))
    visit.certificate = why or ""
    return judge_no_tls(host, failed, why, proxies)


def proxies_in(environ: Mapping[str, str]) -> list[str]:
    """The names of proxies that other programs would use."""
    return [name for name in _PROXIES if environ.get(name)]


def issuer_of(certificate: Mapping[str, Any]) -> str:
    """The organisation, else the common name, that signed a certificate as `getpeercert` gives it."""
    names = {key: value for part in certificate.get("issuer", ()) for key, value in part}
    return str(names.get("organizationName") or names.get("commonName") or "an issuer without a name")


async def _handshake(host: str, address: str, port: int, context: ssl.SSLContext) -> Handshake:
    began = time.monotonic()
    _, writer = await asyncio.open_connection(address, port, ssl=context, server_hostname=host)
    try:
        seconds = time.monotonic() - began
        tunnel = cast(ssl.SSLObject, writer.get_extra_info("ssl_object"))
        certificate = cast("Mapping[str, Any]", tunnel.getpeercert() or {})
        left = (ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()) / _DAY
        return Handshake(address, seconds, left, issuer_of(certificate), tunnel.version() or "TLS")
    finally:
        writer.transport.abort()


def _target(visit: Visit) -> SplitResult:
    return urlsplit(visit.config.session.url)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
