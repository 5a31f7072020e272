"""The unit: how closed it is, that systemd understands it, and that it says what the code does."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from kiosk.audio import priority
from kiosk.config.model import Config
from kiosk.config.report import CANNOT_RUN
from kiosk.config.secrets import CREDENTIAL, DROP_INS, HANDED_OUT
from kiosk.system.watchdog import STALL
from scripts.deb.tree import COPIED
from tests.parts.process import ROOT

UNIT = ROOT / "systemd" / "voice-kiosk.service"
MOST = 2.0
"""The exposure above which the unit is too open; 1.5 is what it has."""


def exposure(unit: Path) -> float:
    """systemd's own judgement."""
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", unit], capture_output=True, text=True, timeout=60, check=True
    )
    (score,) = re.findall(r"Overall exposure level .*: ([\d.]+)", done.stdout)
    return float(score)


def verified(unit: Path) -> str:
    """What `systemd-analyze verify` has to say, with a program that is there in the place of the installed one."""
    command = ["systemd-analyze", "verify", "--man=no", unit]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    # Other units of the machine are read too, and are not ours to judge.
    return "\n".join(line for line in (done.stdout + done.stderr).splitlines() if "voice-kiosk" in line)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The unit, to spoil."""
    unit = tmp_path / "voice-kiosk.service"
    unit.write_text(UNIT.read_text().replace("/usr/bin/voice-kiosk", "/bin/true"))
    return unit


def values(key: str) -> list[str]:
    """Everything the unit says to a key, in order."""
    return re.findall(rf"^{key}=(.*)$", UNIT.read_text(), re.MULTILINE)


def seconds(key: str) -> float:
    (value,) = values(key)
    return float(value.removesuffix("s"))


def test_it_is_closed() -> None:
    assert exposure(UNIT) <= MOST


@pytest.mark.parametrize("line", ["CapabilityBoundingSet=", "SystemCallFilter=.*", "PrivateUsers=yes\nProtect(.*\n)*Protect.*"])
def test_an_open_unit_is_noticed(copy: Path, line: str) -> None:
    text, found = re.subn(rf"^{line}$", "", copy.read_text(), flags=re.MULTILINE)
    assert found
    copy.write_text(text)
    assert exposure(copy) > MOST


def test_every_opening_has_its_reason() -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", "--json=short", UNIT]
    rows = json.loads(subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout)
    open_ones = {row["name"].split("=")[0] for row in rows if row["set"] is False and float(row["exposure"] or 0) > 0}
    assert "PrivateNetwork" in open_ones
    reasons = "\n".join(line for line in UNIT.read_text().splitlines() if line.startswith("#"))
    assert {name for name in open_ones if not re.search(rf"\b{name} costs|, {name} \d", reasons)} == set()


def test_systemd_understands_every_line(copy: Path) -> None:
    assert verified(copy) == ""


def test_a_line_that_systemd_does_not_understand_is_noticed(copy: Path) -> None:
    copy.write_text(copy.read_text().replace("[Service]", "[Service]\nRestartStep=2"))
    assert "RestartStep" in verified(copy)


def test_a_configuration_that_cannot_run_is_not_started_again() -> None:
    assert values("RestartPreventExitStatus") == [str(CANNOT_RUN)]


def test_the_key_is_where_the_configuration_looks() -> None:
    file = Config().credentials.api_key_file
    assert values("LoadCredential") == [f"{CREDENTIAL}:{file}"]
    assert values("ConditionPathExists") == [str(file)]
    assert (HANDED_OUT.parent.name, DROP_INS.name) == (UNIT.name, f"{UNIT.name}.d")


def test_audio_threads_may_go_first() -> None:
    assert int(values("LimitRTPRIO")[0]) >= priority.PRIORITY
    assert values("SystemCallFilter")[-1] == "sched_setscheduler"
    assert values("RestrictRealtime") == ["no"]


def test_time_enough() -> None:
    assert seconds("WatchdogSec") > STALL, "a stall is written down before systemd acts"
    assert seconds("TimeoutStopSec") > 3, "a call is left within 3 s"
    assert seconds("TimeoutStartSec") > 20, "READY comes within 20 s"


def test_an_offline_boot_waits_for_nothing() -> None:
    waited_for = " ".join(values("After") + values("Wants") + values("Requires")).split()
    assert {"time-sync.target", "network-online.target", "systemd-time-wait-sync.service"}.isdisjoint(waited_for)


def test_user_and_program_are_those_of_the_package() -> None:
    (user,) = values("User")
    members = re.findall(r"^m (\S+) (\S+)$", (ROOT / "systemd" / "sysusers.conf").read_text(), re.MULTILINE)
    assert members == [(user, "audio"), (user, "gpio")]
    (command,) = values("ExecStart")
    assert command.split()[0] == f"/{COPIED['systemd/voice-kiosk']}"
