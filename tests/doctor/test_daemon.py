"""The links daemon and devices: the judge on every kind of status, the loan at a real control socket."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from kiosk.control.record import ConfigurationRecord, FaultRecord, SeverityName, Status
from kiosk.doctor.daemon import daemon, devices, judge_daemon
from kiosk.doctor.findings import Finding, Verdict, ok
from kiosk.doctor.visit import Visit
from kiosk.doctor.walk import Link, examined
from kiosk.errors import LoanError
from tests.control.board import NOW, STATUS, desk, until
from tests.doctor.helpers import visit

FILE = Path("/etc/voice-kiosk/config.yaml")


def fault(severity: SeverityName, code: str = "offline") -> FaultRecord:
    return FaultRecord(area="session", code=code, severity=severity, words=f"{code} it is", mend="mend it", detail="", since=NOW)


def with_file(file: str | None) -> Status:
    return STATUS.model_copy(update={"configuration": ConfigurationRecord(file=file, loaded=NOW, mode="hold")})


@pytest.mark.parametrize(
    ("status", "verdict", "words"),
    [
        (STATUS, Verdict.OK, "idle, the LED shows idle, no faults"),
        (with_file(str(FILE)), Verdict.OK, "no faults"),
        (with_file(None), Verdict.OK, "no faults"),
        (with_file("/srv/other.yaml"), Verdict.WARNING, "it runs by /srv/other.yaml"),
        (STATUS.model_copy(update={"faults": (fault("notice"),)}), Verdict.OK, "no faults"),
        (STATUS.model_copy(update={"faults": (fault("degraded"),)}), Verdict.WARNING, "offline: offline it is"),
        (STATUS.model_copy(update={"faults": (fault("offline"),)}), Verdict.WARNING, "offline"),
        (STATUS.model_copy(update={"faults": (fault("broken", "bad-key"), fault("offline"))}), Verdict.FAILURE, "bad-key it is; offline:"),
    ],
)
def test_what_it_says_of_itself(status: Status, verdict: Verdict, words: str) -> None:
    finding = judge_daemon(status, FILE)
    assert (finding.verdict, words in finding.words) == (verdict, True), finding
    assert bool(finding.mend) is (verdict is not Verdict.OK)


async def well(_visit: Visit) -> Finding:
    return ok("microphone", "well")


async def test_without_a_daemon_the_devices_are_nobodys(tmp_path: Path) -> None:
    async with visit(tmp_path) as made:
        assert ((await daemon(made)).verdict, made.status) == (Verdict.WARNING, None)
        assert (await devices(made)).verdict is Verdict.OK
        assert made.lacking == set()


async def test_what_is_no_daemon_keeps_the_devices_from_being_tested(tmp_path: Path) -> None:
    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"220 mail ready\r\n")
        writer.close()

    async with await asyncio.start_unix_server(nonsense, tmp_path / "control.sock"), visit(tmp_path) as made:
        assert (await daemon(made)).verdict is Verdict.FAILURE
        finding = await devices(made)
        assert (finding.verdict, "is no voice-kiosk" in finding.words) == (Verdict.SKIPPED, True)
        assert "devices" in made.lacking


async def test_a_loan_is_taken_and_given_back_with_the_visit(tmp_path: Path) -> None:
    async with desk(tmp_path / "control.sock") as made:
        async with visit(tmp_path) as visiting:
            assert (await daemon(visiting)).verdict is Verdict.OK
            assert (await devices(visiting)).verdict is Verdict.OK
            assert made.board.borrower
            assert (await examined(Link("microphone", well, 1.0, ("devices",)), visiting)).verdict is Verdict.OK
        await until(lambda: made.board.borrower is None)


async def test_a_refusal_is_a_warning_and_keeps_the_devices_from_being_tested(tmp_path: Path) -> None:
    async with desk(tmp_path / "control.sock") as made, visit(tmp_path) as visiting:
        made.board.lends = LoanError("the kiosk is in a call", hint="try again when it ends")
        finding = await devices(visiting)
        assert (finding.verdict, "in a call: try again when it ends" in finding.words) == (Verdict.WARNING, True)
        assert (await examined(Link("microphone", well, 1.0, ("devices",)), visiting)).verdict is Verdict.SKIPPED


async def test_a_loan_that_the_daemon_ends_ends_the_tests(tmp_path: Path) -> None:
    async with desk(tmp_path / "control.sock") as made, visit(tmp_path) as visiting:
        made.board.seconds = 0.05
        await devices(visiting)
        await until(lambda: made.board.borrower is None)
        finding = await examined(Link("microphone", well, 1.0, ("devices",)), visiting)
        assert (finding.verdict, finding.words) == (Verdict.SKIPPED, "not looked at: the daemon has taken the devices back")
