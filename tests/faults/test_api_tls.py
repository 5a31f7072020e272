"""A stranger at the API's address: certificates that are not the API's, and a network's sign-in page."""

from __future__ import annotations

import datetime
import ssl
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
import trustme
from aiohttp import web

from kiosk.signals import Earcon, Indication
from tests.faults.conftest import Report
from tests.faults.kiosk import KEY, Kiosk
from tests.faults.wiretap import Wiretap
from tests.parts.tls import serving, trusting
from tests.session.helpers import fake_api

OURS, STRANGERS = trustme.CA(), trustme.CA()


GOOD = serving(OURS.issue_cert("localhost"))
EXPIRED = serving(OURS.issue_cert("localhost", not_after=datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=5)))
OTHER = serving(OURS.issue_cert("other.example"))
STRANGE = serving(STRANGERS.issue_cert("localhost"))


@asynccontextmanager
async def tapped(context: ssl.SSLContext, plain_port: int = 1) -> AsyncGenerator[tuple[Wiretap, Kiosk]]:
    async with Wiretap(context) as tap, Kiosk(f"https://localhost:{tap.port}", tls=trusting(OURS), plain_port=plain_port) as kiosk:
        yield tap, kiosk


async def refuses_the_certificate(context: ssl.SSLContext) -> tuple[str, bool]:
    """What a device does at a server with this certificate: at rest, when pressed, and once the certificate is right."""
    async with tapped(context) as (tap, kiosk):
        named = await kiosk.until_named("tls", kiosk.begun) - kiosk.begun
        lit = await kiosk.until_lit(Indication.OFFLINE, kiosk.begun) - kiosk.begun - named
        pressed = await kiosk.press()
        toned = await kiosk.until_heard(Earcon.OFFLINE, pressed, limit=8.0) - pressed
        met, sealed, opened = tap.connections, bytes(tap.sealed), bytes(tap.opened)
        taken = tap.handshakes
        tap.context = GOOD
        await kiosk.until(lambda: "tls" not in kiosk.standing, limit=20.0)
        await kiosk.press()
        # That the tap hears the key where it is sent is what makes its silence before worth anything.
        await kiosk.until(lambda: KEY.encode() in tap.opened)
    text = (
        f"{len(opened)} bytes of a request in {met} connections ({len(sealed):,} bytes of handshakes); named after {named:.1f} s,"
        f" LED {lit * 1000:.0f} ms later; a press: tone offline after {toned:.1f} s (of 5 s of trying)"
    )
    held = taken == 0 and opened == b"" and KEY.encode() not in sealed and met >= 2
    return text, held and named < 10 and 0 <= lit < 1 and toned < 6.5


@pytest.mark.fault("tls-expired")
async def test_an_expired_certificate_gets_not_one_byte_of_the_key(report: Report) -> None:
    report(*await refuses_the_certificate(EXPIRED))


@pytest.mark.fault("tls-wrong-host")
async def test_a_certificate_of_another_host_gets_not_one_byte_of_the_key(report: Report) -> None:
    report(*await refuses_the_certificate(OTHER))


@pytest.mark.fault("captive-portal")
async def test_a_captive_portal_is_named_as_such(report: Report) -> None:
    async with fake_api() as portal:
        portal.answers(lambda: web.Response(status=302, headers={"Location": "http://sign-in.example/"}))
        async with tapped(STRANGE, portal.port) as (tap, kiosk):
            named = await kiosk.until_named("captive-portal", kiosk.begun) - kiosk.begun
            lit = await kiosk.until_lit(Indication.OFFLINE, kiosk.begun) - kiosk.begun - named
            pressed = await kiosk.press()
            again = await kiosk.until_named("captive-portal", pressed) - pressed
            await kiosk.until_heard(Earcon.OFFLINE, pressed, limit=8.0)
            portal.answers(lambda: web.Response(status=404))
            tap.context = GOOD
            signed_in = time.monotonic()
            back = await kiosk.until(lambda: not kiosk.standing, limit=20.0) - signed_in
        told = any("log-in page" in text for text in kiosk.told)
        clean = not tap.opened and all("Authorization" not in headers for _, _, headers, _ in portal.requests)
    text = (
        f"named after {named:.1f} s at rest, {again:.1f} s after a press; LED {lit * 1000:.0f} ms later; no key sent;"
        f" over {back:.0f} s after the sign-in"
    )
    report(text, max(named, again) < 10 and 0 <= lit < 1 and clean and told)
