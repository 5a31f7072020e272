"""The pure parts that are too small for a file of their own."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.room import chatter
from kiosk.room.credential import lifetime
from kiosk.room.downlink import mixed
from kiosk.room.native import heard_out
from tests.parts.token import mint


def test_lifetime_of_a_token() -> None:
    now = time.time()
    assert lifetime(mint("k", "s", room="r", ttl=300.0), now) == pytest.approx(300.0, abs=2.0)


@given(st.text() | st.from_regex(r"[\w-]+\.[\w-]+\.[\w-]+", fullmatch=True))
def test_no_token_breaks_it(token: str) -> None:
    assert lifetime(token, 0.0) is None or isinstance(lifetime(token, 0.0), float)


def test_tracks_are_mixed_and_clipped() -> None:
    loud = np.full(480, 30_000, np.int16)
    assert (mixed(loud, [loud]) == 32_767).all()
    assert (mixed(loud, [-loud, np.ones(480, np.int16)]) == 1).all()


def test_the_library_never_logs_a_token(caplog: pytest.LogCaptureFixture) -> None:
    token = mint("k", "s", room="r")
    chatter.hush()
    logger = logging.getLogger("livekit")
    with caplog.at_level(logging.DEBUG):
        logger.error("invalid token: %s, error", token)
    assert "<token>" in caplog.text
    assert token[:20] not in caplog.text
    caplog.clear()
    with caplog.at_level(logging.INFO):
        logger.error("401")
    assert caplog.text == ""


def test_the_end_of_a_process_writes_everything_out() -> None:
    program = "import atexit, kiosk.room.shutdown as s; atexit.register(print, 'atexit'); print('out'); s.end_process(7)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (7, "out\n")


async def test_a_room_that_was_left_is_heard_out_or_hears_no_more() -> None:
    await heard_out(SimpleNamespace(), 0.0)
    last, never = asyncio.create_task(asyncio.sleep(0.01, "heard")), asyncio.create_task(asyncio.Event().wait())
    await heard_out(SimpleNamespace(_task=last), 5.0)
    assert last.result() == "heard"
    await heard_out(SimpleNamespace(_task=never), 0.01)
    await asyncio.wait({never}, timeout=5.0)
    assert never.cancelled()
