"""Borrowing over the real socket: until the connection ends, however that happens."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from kiosk.control import crowd
from kiosk.control.caller import called, own_name
from kiosk.control.client import Loan, RefusedError, borrowed
from kiosk.errors import LoanError, NoAnswerError
from tests.control.board import desk, until
from tests.parts.process import ROOT


def lent(path: Path, hold: float = 0.0) -> bool:
    """Whether the loan stood at its end."""
    with borrowed(path) as loan:
        return not over(loan, hold)


def over(loan: Loan, within: float) -> bool:
    end = time.monotonic() + within
    while time.monotonic() < end and not loan.over:
        time.sleep(0.01)
    return loan.over


async def test_a_loan_lasts_as_long_as_its_connection(tmp_path: Path) -> None:
    async with desk(tmp_path / "s") as made:
        borrowing = asyncio.create_task(asyncio.to_thread(lent, made.path, 0.3))
        await until(lambda: made.board.borrower)
        assert made.board.borrower == called(own_name(os.environ), os.geteuid())
        assert (await made.ask("GET", "/status"))[0] == 200
        assert await borrowing
        await until(lambda: made.board.borrower is None)


async def test_it_outlasts_the_patience_with_clients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "PATIENCE", 0.1)
    async with desk(tmp_path / "s") as made:
        assert await asyncio.to_thread(lent, made.path, 0.5)


async def test_a_refusal_says_why_and_what_to_do(tmp_path: Path) -> None:
    async with desk(tmp_path / "s") as made:
        made.board.lends = LoanError("the kiosk is in a call", hint="try again when it ends")
        with pytest.raises(RefusedError, match=r"^the kiosk is in a call: try again when it ends$"):
            await asyncio.to_thread(lent, made.path)
        assert made.board.borrower is None


async def test_its_end_by_the_daemon_is_seen(tmp_path: Path) -> None:
    async with desk(tmp_path / "s") as made:
        made.board.seconds = 0.2
        assert not await asyncio.to_thread(lent, made.path, 10.0)
        await until(lambda: made.board.borrower is None)


async def test_nobody_there_is_said_as_ever(tmp_path: Path) -> None:
    with pytest.raises(NoAnswerError) as caught:
        await asyncio.to_thread(lent, tmp_path / "none")
    assert caught.value.absent


async def test_a_borrower_that_talks_on_is_cut_off(tmp_path: Path) -> None:
    async with desk(tmp_path / "s") as made:
        reader, writer = await asyncio.open_unix_connection(made.path)
        writer.write(b"POST /lend HTTP/1.0\r\nContent-Length: 0\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        assert made.board.borrower
        writer.write(b"x" * crowd.BRIEF)
        await until(lambda: made.board.borrower is None)
        writer.close()


async def test_a_killed_borrower_loses_them(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from kiosk.control.client import borrowed\n"
        "with borrowed(Path(sys.argv[1])): time.sleep(60)"
    )
    async with desk(tmp_path / "s") as made:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, str(made.path), env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
        await until(lambda: made.board.borrower)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        await until(lambda: made.board.borrower is None, 2.0)
