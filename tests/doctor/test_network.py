"""The links DNS, TLS, API, clock and session: judges at their limits, probes against a real API over real TLS."""

from __future__ import annotations

import datetime
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from email.utils import format_datetime
from pathlib import Path

import pytest
import trustme
from aiohttp import web

from kiosk.doctor import api, network
from kiosk.doctor.api import Sync, judge_api, judge_clock, judge_session
from kiosk.doctor.chain import CHAIN
from kiosk.doctor.findings import Finding, Verdict
from kiosk.doctor.network import Handshake, issuer_of, judge_dns, judge_no_tls, judge_tls, proxies_in
from kiosk.doctor.visit import Visit
from kiosk.doctor.walk import walk
from kiosk.errors import Retry, SessionError
from kiosk.session.grant import Grant
from tests.doctor.helpers import visit
from tests.parts.tls import serving, trusting
from tests.session.helpers import KEY, FakeApi, answer, fake_api
from tests.session.test_tls import BAD, EARLY, EXPIRED, NOW, TRUSTED

SHAKE = Handshake("192.0.2.1", 0.05, 80.0, "Somebody", "TLSv1.3")
GRANT = Grant("wss://media.example:7880", "secret", "s", "r", 0.0)
PARTS = tuple(link for link in CHAIN if link.name in {"dns", "tls", "api", "clock", "session"})


@pytest.mark.parametrize(
    ("host", "addresses", "seconds", "error", "verdict", "words"),
    [
        ("a.example", ["192.0.2.1", "2001:db8::1"], 0.02, "", Verdict.OK, "192.0.2.1, 2001:db8::1, found in 20 ms"),
        ("a.example", ["192.0.2.1"], 0.999, "", Verdict.OK, "999 ms"),
        ("a.example", ["192.0.2.1"], 1.0, "", Verdict.WARNING, "every visitor waits"),
        ("a.example", [], 4.0, "no answer from dns", Verdict.FAILURE, "no answer from dns (after 4.0 s)"),
        ("192.0.2.1", ["192.0.2.1"], 0.0, "", Verdict.OK, "is an address"),
        ("2001:db8::1", ["2001:db8::1"], 0.0, "", Verdict.OK, "is an address"),
    ],
)
def test_dns(*, host: str, addresses: list[str], seconds: float, error: str, verdict: Verdict, words: str) -> None:
    finding = judge_dns(host, addresses, seconds, error)
    assert (finding.verdict, words in finding.words) == (verdict, True), finding


@pytest.mark.parametrize(("days", "verdict"), [(80.0, Verdict.OK), (14.0, Verdict.OK), (13.9, Verdict.WARNING), (0.1, Verdict.WARNING)])
def test_tls(days: float, verdict: Verdict) -> None:
    finding = judge_tls("a.example", replace(SHAKE, days_left=days), [])
    assert finding.verdict is verdict
    assert "by Somebody" in finding.words


def test_proxies_are_named_and_said_not_to_be_used() -> None:
    proxies = proxies_in({"https_proxy": "http://user:password@proxy", "no_proxy": "x", "http_proxy": ""})
    assert proxies == ["https_proxy"]
    assert "https_proxy in the environment: not used" in judge_tls("a", SHAKE, proxies).words
    assert "https_proxy in the environment is not used" in judge_no_tls("a", OSError(111, "Connection refused"), None, proxies).words


@pytest.mark.parametrize(
    ("error", "doubted", "words", "mend"),
    [
        (OSError(111, "Connection refused"), None, "cannot be reached: connection refused", "TCP 443"),
        (TimeoutError(), None, "cannot be reached: no answer", "TCP 443"),
        (ssl.SSLError(1, "WRONG_VERSION_NUMBER"), None, "no handshake", "session.url"),
        (ssl.SSLCertVerificationError(1, "x"), "it says 1970-01-01", "it says 1970-01-01", "UDP 123"),
    ],
)
def test_no_tls(error: Exception, doubted: str | None, words: str, mend: str) -> None:
    finding = judge_no_tls("a.example", error, doubted, [])
    assert (finding.verdict, words in finding.words, mend in finding.mend) == (Verdict.FAILURE, True, True), finding


@pytest.mark.parametrize(
    ("certificate", "name"),
    [
        ({"issuer": ((("countryName", "US"),), (("organizationName", "Let's Encrypt"),), (("commonName", "R3"),))}, "Let's Encrypt"),
        ({"issuer": ((("commonName", "R3"),),)}, "R3"),
        ({}, "an issuer without a name"),
    ],
)
def test_the_issuer(certificate: dict[str, object], name: str) -> None:
    assert issuer_of(certificate) == name


@pytest.mark.parametrize(
    ("error", "seconds", "verdict"),
    [
        (None, 0.1, Verdict.OK),
        (None, 1.99, Verdict.OK),
        (None, 2.0, Verdict.WARNING),
        (SessionError("out of order (503)", code="api-down", retry=Retry.SOON), 0.1, Verdict.FAILURE),
        (SessionError("a captive portal", code="captive-portal", retry=Retry.SOON, hint="sign in"), 0.1, Verdict.FAILURE),
    ],
)
def test_api(error: SessionError | None, seconds: float, verdict: Verdict) -> None:
    finding = judge_api("https://a.example", error, seconds)
    assert finding.verdict is verdict
    assert bool(finding.mend) is (verdict is not Verdict.OK)


@pytest.mark.parametrize(
    ("sync", "ahead", "certificate", "verdict", "words"),
    [
        ("yes", None, "", Verdict.OK, "synchronised"),
        ("yes", 0.4, "", Verdict.OK, "the same as the API's"),
        ("yes", 5.0, "", Verdict.OK, "5 s behind the API's"),
        ("yes", -5.0, "", Verdict.OK, "5 s ahead of the API's"),
        ("yes", 5.1, "", Verdict.WARNING, "behind"),
        ("yes", -300.0, "", Verdict.WARNING, "300 s ahead"),
        ("yes", -300.1, "", Verdict.FAILURE, "ahead"),
        ("no", 0.0, "", Verdict.WARNING, "not synchronised since the start"),
        ("no", None, "", Verdict.WARNING, "not synchronised since the start"),
        ("no", 301.0, "", Verdict.FAILURE, "behind"),
        ("unknown", None, "", Verdict.OK, "nothing tells"),
        ("unknown", 1.0, "", Verdict.OK, "1 s behind"),
        ("unknown", 6.0, "", Verdict.WARNING, "6 s behind"),
        ("yes", None, "it says 1970-01-01", Verdict.FAILURE, "it says 1970-01-01"),
    ],
)
def test_clock(sync: Sync, ahead: float | None, certificate: str, verdict: Verdict, words: str) -> None:
    finding = judge_clock(sync, ahead, certificate)
    assert (finding.verdict, words in finding.words) == (verdict, True), finding


@pytest.mark.parametrize(
    ("seconds", "ended", "verdict", "words"),
    [
        (0.4, True, Verdict.OK, "granted in 400 ms, for media.example, its token lives 300 s"),
        (1.99, False, Verdict.OK, "its form has no call to end it"),
        (2.0, True, Verdict.WARNING, "granted in 2000 ms"),
    ],
)
def test_session(seconds: float, ended: bool, verdict: Verdict, words: str) -> None:
    finding = judge_session(GRANT, seconds, 300.0, ended=ended)
    assert (finding.verdict, words in finding.words) == (verdict, True), finding
    assert "secret" not in repr(finding)


def doubted(_early: bool) -> str:
    return "it says 1970-01-02"


def far(_host: str | None) -> bool:
    return False


@asynccontextmanager
async def beside(
    folder: Path, certificate: trustme.LeafCert | None = None, *, session: bool = False
) -> AsyncGenerator[tuple[FakeApi, Visit]]:
    async with fake_api(serving(certificate) if certificate else None) as made:
        settings = {"session": {"url": made.url, "agent_id": "a1", "request_timeout": "1s"}}
        async with visit(folder, config=settings, session=session, tls=trusting(TRUSTED)) as visiting:
            yield made, visiting


async def walked(visiting: Visit) -> dict[str, Finding]:
    return {finding.link: finding async for finding in walk(PARTS, visiting)}


async def test_a_good_api_over_tls(tmp_path: Path) -> None:
    async with beside(tmp_path, TRUSTED.issue_cert("localhost", not_after=NOW + datetime.timedelta(days=90, hours=12))) as (made, visiting):
        found = await walked(visiting)
    assert {name: finding.verdict for name, finding in found.items()} == {
        "dns": Verdict.OK,
        "tls": Verdict.OK,
        "api": Verdict.OK,
        "clock": Verdict.OK,
        "session": Verdict.SKIPPED,
    }
    assert found["tls"].figures["days_left"] == pytest.approx(90, abs=1.0)
    assert "trustme" in found["tls"].words
    assert [(method, "Authorization" in headers) for method, _, headers, _ in made.requests] == [("GET", False)]


async def test_a_certificate_that_ends_soon(tmp_path: Path) -> None:
    async with beside(tmp_path, TRUSTED.issue_cert("localhost", not_after=NOW + datetime.timedelta(days=3))) as (_, visiting):
        found = await walked(visiting)
    assert (found["tls"].verdict, found["api"].verdict) == (Verdict.WARNING, Verdict.OK)


@pytest.mark.parametrize("certificate", BAD)
async def test_a_bad_certificate_is_one_failure_and_nothing_is_sent(tmp_path: Path, certificate: trustme.LeafCert) -> None:
    (tmp_path / "run/systemd/timesync").mkdir(parents=True)
    (tmp_path / "run/systemd/timesync/synchronized").touch()
    async with beside(tmp_path, certificate, session=True) as (made, visiting):
        found = await walked(visiting)
    assert found["tls"].verdict is Verdict.FAILURE
    assert (found["api"].verdict, found["session"].verdict) == (Verdict.SKIPPED, Verdict.SKIPPED)
    assert made.requests == []


@pytest.mark.parametrize("certificate", [EXPIRED, EARLY])
async def test_a_clock_that_may_be_wrong_is_named_beside_a_certificate_out_of_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, certificate: trustme.LeafCert
) -> None:
    monkeypatch.setattr(network, "doubt", doubted)
    async with beside(tmp_path, certificate) as (_, visiting):
        found = await walked(visiting)
    assert "no certificate can be judged by this clock: it says 1970-01-02" in found["tls"].words
    assert (found["clock"].verdict, found["clock"].words) == (Verdict.FAILURE, "it says 1970-01-02")


@pytest.mark.parametrize(
    ("hours", "verdict"), [(0.0, Verdict.OK), (1 / 60, Verdict.WARNING), (1.0, Verdict.FAILURE), (-1.0, Verdict.FAILURE)]
)
async def test_the_apis_date_shows_a_wrong_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: float, verdict: Verdict) -> None:
    # An API of this machine has this machine's clock, and is no witness.
    monkeypatch.setattr(api, "is_loopback", far)
    date = format_datetime(datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=hours), usegmt=True)
    async with beside(tmp_path, TRUSTED.issue_cert("localhost")) as (made, visiting):
        made.answers(lambda: web.Response(headers={"Date": date}))
        finding = (await walked(visiting))["clock"]
    assert finding.verdict is verdict, finding
    assert finding.figures["offset_s"] == pytest.approx(-3600 * hours, abs=2.0)


@pytest.mark.parametrize("shown", [{}, {"Date": "yesterday"}, {"Date": ""}])
async def test_an_api_without_a_date_says_nothing_of_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shown: dict[str, str]
) -> None:
    monkeypatch.setattr(api, "is_loopback", far)
    async with beside(tmp_path) as (made, visiting):
        made.answers(lambda: web.Response(headers={"Date": "", **shown}))
        assert (await walked(visiting))["clock"].figures["offset_s"] is None


@pytest.mark.parametrize(
    ("files", "program", "sync"),
    [
        (["run/systemd/timesync/synchronized"], None, "yes"),
        (["run/systemd/timesync/clock"], None, "no"),
        ([], None, "unknown"),
        ([], "echo yes", "yes"),
        ([], "echo no", "no"),
        ([], "echo Failed to connect to bus >&2; exit 1", "unknown"),
    ],
)
async def test_what_the_time_service_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: list[str], program: str | None, sync: str
) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    if program:
        (tmp_path / "timedatectl").write_text(f"#!/bin/sh\n{program}\n")
        (tmp_path / "timedatectl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}")
    async with visit(tmp_path) as made:
        assert (await api.clock(made)).figures["synchronised"] == sync


async def test_a_session_is_asked_for_once_and_ended_with_the_visit(tmp_path: Path) -> None:
    async with beside(tmp_path, session=True) as (made, visiting):
        found = await walked(visiting)
        assert found["session"].verdict is Verdict.OK, found
        assert found["session"].figures["media_server"] == "media.example.com"
        await visiting.exits.aclose()
        asked = [(method, path) for method, path, _, _ in made.requests]
    assert asked == [("GET", "/"), ("POST", "/v1/voice/session"), ("POST", "/v1/voice/session/s1/end")]


@pytest.mark.parametrize(
    ("respond", "verdict", "code"),
    [
        (lambda: web.json_response({"detail": "no"}, status=401), Verdict.FAILURE, "bad-key"),
        (lambda: web.json_response({"detail": "no"}, status=402), Verdict.FAILURE, "no-balance"),
        (lambda: web.json_response({"detail": "no"}, status=404), Verdict.FAILURE, "unknown-agent"),
        (lambda: web.json_response({}, status=429, headers={"Retry-After": "7"}), Verdict.WARNING, "busy"),
        (lambda: web.json_response({}, status=503), Verdict.FAILURE, "api-down"),
        (lambda: web.json_response(answer(token="x")), Verdict.FAILURE, "bad-answer"),
    ],
)
async def test_a_session_that_is_not_granted(tmp_path: Path, respond: Callable[[], web.Response], verdict: Verdict, code: str) -> None:
    async with beside(tmp_path, session=True) as (made, visiting):
        made.answers(respond)
        finding = await api.session(visiting)
    assert (finding.verdict, finding.figures["code"]) == (verdict, code)
    assert visiting.grant is None
    assert finding.mend
    assert KEY not in repr(finding)


async def test_a_name_that_is_not_found_is_one_failure(tmp_path: Path) -> None:
    async with visit(tmp_path, config={"session": {"url": "https://doctor.invalid", "agent_id": "a"}}, session=True) as made:
        found = await walked(made)
    assert found["dns"].verdict is Verdict.FAILURE
    assert [found[name].verdict for name in ("tls", "api", "session")] == [Verdict.SKIPPED] * 3


async def test_nobody_at_the_port(tmp_path: Path, unused_tcp_port: int) -> None:
    url = f"https://localhost:{unused_tcp_port}"
    async with visit(tmp_path, config={"session": {"url": url, "agent_id": "a"}}) as made:
        found = await walked(made)
    assert "cannot be reached" in found["tls"].words
