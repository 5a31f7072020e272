"""Not one byte of the key reaches a stranger: certificates are judged before anything is sent."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable

import pytest
import trustme
from aiohttp import web

from kiosk.errors import Retry
from tests.parts.tls import serving, trusting
from tests.session.helpers import FakeApi, ask, client, fake_api, refusal, settings

TRUSTED = trustme.CA()
STRANGER = trustme.CA()
NOW = datetime.datetime.now(datetime.UTC)


EXPIRED = TRUSTED.issue_cert("localhost", not_after=NOW - datetime.timedelta(days=1))
EARLY = TRUSTED.issue_cert("localhost", not_before=NOW + datetime.timedelta(days=1))
BAD = [
    pytest.param(TRUSTED.issue_cert("other.example"), id="wrong host"),
    pytest.param(EXPIRED, id="expired"),
    pytest.param(EARLY, id="not valid yet"),
    pytest.param(STRANGER.issue_cert("localhost"), id="unknown issuer"),
]


async def test_a_good_certificate() -> None:
    async with fake_api(serving(TRUSTED.issue_cert("localhost"))) as api:
        assert (await ask(settings(api.url), tls=trusting(TRUSTED))).session_id == "s1"
        async with client(settings(api.url), tls=trusting(TRUSTED)) as made:
            assert await made.reachable() is None
    assert len(api.requests) == 1


async def test_another_address_is_tried_where_tls_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with fake_api(serving(TRUSTED.issue_cert("localhost"))) as api:

        async def resolve(*_: object, **__: object) -> list[dict[str, object]]:
            return [{"host": host, "port": api.port} for host in ("127.0.0.2", "127.0.0.1")]

        monkeypatch.setattr("kiosk.session.resolver.Resolver.resolve", resolve)
        async with (
            await asyncio.start_server(hang_up, "127.0.0.2", api.port),
            client(settings(api.url), tls=trusting(TRUSTED)) as made,
        ):
            assert await made.reachable() is None


@pytest.mark.parametrize("certificate", BAD)
async def test_bad_certificates(certificate: trustme.LeafCert) -> None:
    async with fake_api(serving(certificate)) as api:
        error = await refusal(settings(api.url), tls=trusting(TRUSTED), plain_port=1)
        assert (error.code, error.retry) == ("tls", Retry.SOON)
        async with client(settings(api.url), tls=trusting(TRUSTED), plain_port=1) as made:
            found = await made.reachable()
        assert found is not None
        assert found.code == "tls"
    assert api.requests == []


async def test_the_systems_trust_is_the_default() -> None:
    async with fake_api(serving(TRUSTED.issue_cert("localhost"))) as api:
        assert (await refusal(settings(api.url), plain_port=1)).code == "tls"
    assert api.requests == []


@pytest.mark.parametrize(
    ("certificate", "doubted"),
    [
        pytest.param(EXPIRED, [False], id="expired"),
        pytest.param(EARLY, [True], id="not valid yet"),
        pytest.param(STRANGER.issue_cert("localhost"), [], id="unknown issuer"),
        pytest.param(TRUSTED.issue_cert("other.example"), [], id="wrong host"),
    ],
)
async def test_a_wrong_clock_is_told_apart_from_a_wrong_certificate(certificate: trustme.LeafCert, doubted: list[bool]) -> None:
    asked: list[bool] = []

    def doubt(early: bool) -> str:
        asked.append(early)
        return "it says 1970-01-02"

    async with fake_api(serving(certificate)) as api:
        error = await refusal(settings(api.url), tls=trusting(TRUSTED), doubt=doubt, plain_port=1)
    assert (error.code, asked) == ("clock" if doubted else "tls", doubted)
    assert ("1970-01-02" in str(error)) is bool(doubted)
    assert api.requests == []


@pytest.mark.parametrize("certificate", [EXPIRED, EARLY])
async def test_a_clock_without_doubt_makes_it_the_certificates_fault(certificate: trustme.LeafCert) -> None:
    async with fake_api(serving(certificate)) as api:
        assert (await refusal(settings(api.url), tls=trusting(TRUSTED), doubt=lambda early: None, plain_port=1)).code == "tls"


@pytest.mark.parametrize(
    ("page", "code"),
    [
        (lambda: web.Response(status=302, headers={"Location": "http://portal.example/"}), "captive-portal"),
        (lambda: web.Response(status=511), "captive-portal"),
        (lambda: web.Response(text="sign in", content_type="text/html"), "captive-portal"),
        (lambda: web.Response(status=301, headers={"Location": "https://localhost/"}), "tls"),
        (lambda: web.Response(status=404), "tls"),
    ],
    ids=["redirect", "511", "page", "own redirect", "nothing"],
)
async def test_a_captive_portal_is_recognised_without_the_key(page: Callable[[], web.Response], code: str) -> None:
    async with fake_api(serving(STRANGER.issue_cert("localhost"))) as api, fake_api() as portal:
        portal.answers(page)
        assert (await refusal(settings(api.url), tls=trusting(TRUSTED), plain_port=portal.port)).code == code
        assert_no_key(portal)
    assert api.requests == []


def assert_no_key(portal: FakeApi) -> None:
    [(method, path, headers, body)] = portal.requests
    assert (method, path, body) == ("GET", "/", b"")
    assert "Authorization" not in headers
