"""The links API, clock and session."""

from __future__ import annotations

import asyncio
import subprocess
import time
from functools import partial
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from kiosk.config.urls import is_loopback
from kiosk.doctor.aside import aside
from kiosk.doctor.findings import Finding, broken, failure, mend_of, ok, skipped, warning
from kiosk.doctor.visit import Visit
from kiosk.errors import Retry, SessionError
from kiosk.session.client import Client
from kiosk.session.forms import end_url
from kiosk.session.grant import Grant
from kiosk.system.clock import doubt

SLOW: Final = 2.0
"""Seconds of an answer that a visitor feels."""
OFF: Final = 5.0
FAR_OFF: Final = 300.0
"""Seconds by which the clock is wrong: the one is untidy, by the other tokens are refused."""
_ASKING: Final = 3.0
_MEND_CLOCK: Final = "sudo timedatectl set-ntp true; is UDP 123 open to the time server? timedatectl timesync-status"

Sync = Literal["yes", "no", "unknown"]


def judge_api(url: str, error: SessionError | None, seconds: float) -> Finding:
    """Whether it answers a request for nothing."""
    if error is not None:
        return broken("api", error, seconds=round(seconds, 3))
    said = f"{url} answers in {1000 * seconds:.0f} ms, connection included"
    if seconds >= SLOW:
        return warning("api", said, "look for a slow network; else it is the provider's", seconds=round(seconds, 3))
    return ok("api", said, seconds=round(seconds, 3))


def judge_clock(sync: Sync, ahead: float | None, certificate: str) -> Finding:
    """`ahead`: seconds by which the API's clock is; `certificate`: why none can be judged by this clock."""
    figures = {"synchronised": sync, "offset_s": None if ahead is None else round(-ahead)}
    told = {"yes": "synchronised", "no": "not synchronised since the start", "unknown": "nothing tells whether it is synchronised"}[sync]
    if certificate:
        return failure("clock", certificate, _MEND_CLOCK, **figures)
    if ahead is None:
        return warning("clock", told, _MEND_CLOCK, **figures) if sync == "no" else ok("clock", told, **figures)
    said = f"{told}; {abs(ahead):.0f} s {'behind' if ahead > 0 else 'ahead of'} the API's"
    if abs(ahead) > FAR_OFF:
        return failure("clock", said, _MEND_CLOCK, **figures)
    if abs(ahead) > OFF or sync == "no":
        return warning("clock", said, _MEND_CLOCK, **figures)
    return ok("clock", said if abs(ahead) >= 1.0 else f"{told}; the same as the API's", **figures)


def judge_session(grant: Grant, seconds: float, lifetime: float, *, ended: bool) -> Finding:
    """A session that was granted; `ended`: its form has a call that ends it."""
    host = urlsplit(grant.url).hostname
    end = "" if ended else "; its form has no call to end it, so it ends by itself"
    said = f"granted in {1000 * seconds:.0f} ms, for {host}, its token lives {lifetime:.0f} s{end}"
    figures = {"seconds": round(seconds, 3), "media_server": host, "token_s": round(lifetime)}
    if seconds >= SLOW:
        return warning("session", said, "session.prefetch keeps a visitor from waiting for that", **figures)
    return ok("session", said, **figures)


async def api(visit: Visit) -> Finding:
    """A request for nothing, without the key."""
    client = _client(visit)
    began = time.monotonic()
    error = await client.answers()
    visit.clock_ahead = client.clock_ahead
    return judge_api(visit.config.session.url, error, time.monotonic() - began)


async def clock(visit: Visit) -> Finding:
    """What the time service says, and how far the API's clock is from this one."""
    local = is_loopback(urlsplit(visit.config.session.url).hostname)
    sync = await aside(partial(_sync, visit.means.root))
    return judge_clock(sync, None if local else visit.clock_ahead, visit.certificate)


async def session(visit: Visit) -> Finding:
    """A real session, which may cost: only where it is asked for. It is ended when the visit is over."""
    if not visit.means.session:
        return skipped("session", "not asked for: that needs --session, and may cost")
    if visit.key is None and not is_loopback(urlsplit(visit.config.session.url).hostname):
        return skipped("session", "not asked for without a key")
    client, began = _client(visit), time.monotonic()
    try:
        grant = await client.ask()
    except SessionError as error:
        if error.retry is Retry.WAIT:
            return warning("session", str(error), mend_of(error), code=error.code)
        return broken("session", error)
    visit.grant = grant
    visit.exits.push_async_callback(client.end, grant)
    lifetime = grant.expires_at - asyncio.get_running_loop().time()
    ended = end_url(visit.config.session, grant.session_id) is not None
    return judge_session(grant, time.monotonic() - began, lifetime, ended=ended)


def _client(visit: Visit) -> Client:
    """One for the whole visit."""
    if visit.client is None:
        visit.client = Client(visit.config.session, visit.key, tls=visit.means.tls, doubt=doubt)
        visit.exits.push_async_callback(visit.client.close)
    return visit.client


def _sync(root: Path) -> Sync:
    folder = root / "run/systemd/timesync"
    if (folder / "synchronized").exists():
        return "yes"
    try:
        asked = ["timedatectl", "show", "-p", "NTPSynchronized", "--value"]
        done = subprocess.run(asked, capture_output=True, text=True, timeout=_ASKING, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        done = None
    told = done.stdout.strip() if done else ""
    if told in ("yes", "no"):
        return "yes" if told == "yes" else "no"
    return "no" if folder.is_dir() else "unknown"
