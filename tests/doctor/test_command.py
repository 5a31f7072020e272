"""`voice-kiosk doctor` as a technician types it, without a daemon: in a pipe, for machines, and on a terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest

from kiosk.doctor.chain import CHAIN
from tests.cli.test_verbs import seen, typed
from tests.parts.process import ROOT

KEY = "doctor-key-1234567890"
NAMES = [link.name for link in CHAIN]
CONFIG = """\
session: {agent_id: doctor, url: "http://127.0.0.1:9"}
talk: {mode: vad}
button: {pin: null}
"""


def configured(folder: Path, text: str = CONFIG) -> Path:
    file = folder / "config.yaml"
    file.write_text(text)
    return file


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    return json.loads(done.stdout)


def test_in_a_pipe_there_is_a_line_for_each_link_and_nothing_is_asked(tmp_path: Path) -> None:
    done = typed("doctor", "--config", str(configured(tmp_path)), socket=tmp_path / "none", limit=60)
    print(f"\n{done.stdout}")
    assert done.returncode == 2, done.stderr
    assert done.stderr == ""
    assert "\033" not in done.stdout
    lines = done.stdout.splitlines()
    assert [line.split()[1] for line in lines[:-1] if not line.startswith(" ")] == NAMES
    assert all(line.split()[0] in ("ok", "warning", "failure", "skipped") for line in lines[:-1] if not line.startswith(" "))
    assert re.fullmatch(r"\d+ failures?, \d+ warnings?; \d+ ok, \d+ skipped", lines[-1])
    assert "[y/n]" not in done.stdout
    assert "failure  api" in done.stdout
    assert "skipped  session       not looked at, because of: api" in done.stdout


def test_for_machines_it_is_one_object(tmp_path: Path) -> None:
    done = typed("doctor", "--json", "--config", str(configured(tmp_path)), socket=tmp_path / "none", limit=60)
    answer = told(done)
    assert (done.returncode, answer["verdict"], set(answer)) == (2, "failure", {"verdict", "links"})
    assert [link["link"] for link in answer["links"]] == NAMES
    assert all(set(link) == {"link", "verdict", "words", "mend", "figures"} for link in answer["links"])
    # Whatever is wrong says what mends it.
    assert [link for link in answer["links"] if link["verdict"] in ("warning", "failure") and not link["mend"]] == []


@pytest.mark.parametrize("text", [None, "talk: {mdoe: hold}\n", "session: {agent_id: a}\n"], ids=["no file", "bad file", "no key"])
def test_what_keeps_the_daemon_from_running_is_78(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        configured(tmp_path, f"{text}credentials: {{api_key_file: {tmp_path}/none}}\n")
    done = typed("doctor", "--json", "--config", str(tmp_path / "config.yaml"), socket=tmp_path / "none", limit=60)
    assert done.returncode == 78, done.stdout
    assert told(done)["verdict"] == "failure"


def test_no_secret_is_printed(tmp_path: Path) -> None:
    file = configured(tmp_path)
    environment = {**os.environ, "VOICE_KIOSK_API_KEY": KEY, "https_proxy": f"http://u:{KEY}@proxy", "PYTHONPATH": str(ROOT)}
    for words in ([], ["--json"]):
        done = subprocess.run(
            [sys.executable, "-m", "kiosk", "doctor", "--config", file, "--socket", tmp_path / "none", "--session", *words],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert KEY not in done.stdout + done.stderr
        assert "from the environment's VOICE_KIOSK_API_KEY, 21 characters" in done.stdout


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "kiosk", "doctor", "--json", "--config", configured(tmp_path), "--socket", tmp_path / "none"]
    subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, timeout=60, check=False)
    assert os.listdir(folder) == []
    assert os.listdir(tmp_path) == ["tmp", "config.yaml"] or set(os.listdir(tmp_path)) == {"tmp", "config.yaml"}


class Typed:
    """The command on a pseudo-terminal."""

    def __init__(self, *words: str, columns: int = 100) -> None:
        self.screen, inner = pty.openpty()
        termios.tcsetwinsize(inner, (40, columns))
        environment = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
        environment.pop("COLUMNS", None)
        command = [sys.executable, "-m", "kiosk", "doctor", *words]
        self.process = subprocess.Popen(command, env=environment, stdin=inner, stdout=inner, stderr=inner)
        os.close(inner)
        self.shown = ""

    def until(self, text: str | None) -> str:
        """What is shown up to that text; None: to the end."""
        self.shown += (part := seen(self.screen, text, 60.0))
        return part

    def type(self, text: str) -> None:
        os.write(self.screen, text.encode())

    def ended(self) -> int:
        self.until(None)
        code = self.process.wait(20)
        os.close(self.screen)
        return code


def test_on_a_terminal_it_is_in_colour_and_fits(tmp_path: Path) -> None:
    terminal = Typed("--config", str(configured(tmp_path)), "--socket", str(tmp_path / "none"), columns=60)
    assert terminal.ended() == 2
    assert "\033[1;31mfailure" in terminal.shown
    plain = re.sub(r"\033\[[0-9;?]*[a-zA-Z]", "", terminal.shown).replace("\r", "\n")
    assert max(len(line) for line in plain.splitlines()) <= 60
    assert "Traceback" not in plain


def test_for_machines_nothing_else_is_on_the_terminal_either(tmp_path: Path) -> None:
    terminal = Typed("--json", "--config", str(configured(tmp_path)), "--socket", str(tmp_path / "none"))
    assert terminal.ended() == 2
    assert "\033" not in terminal.shown
    assert json.loads(terminal.shown)["verdict"] == "failure"


def test_ctrl_c_ends_it_and_gives_the_cursor_back(tmp_path: Path) -> None:
    # An address that never answers (TEST-NET-1) keeps it waiting.
    text = CONFIG.replace("http://127.0.0.1:9", "https://192.0.2.1")
    environment = {"credentials": f"{{api_key_file: {tmp_path}/key}}"}
    (tmp_path / "key").write_text(KEY)
    (tmp_path / "key").chmod(0o600)
    file = configured(tmp_path, text + "".join(f"{name}: {value}\n" for name, value in environment.items()))
    terminal = Typed("--config", str(file), "--socket", str(tmp_path / "none"))
    terminal.until("tls …")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.ended() == 130
    assert "Traceback" not in terminal.shown
    assert terminal.shown.rfind("\033[?25h") > terminal.shown.rfind("\033[?25l")


def test_help_says_the_exit_codes(tmp_path: Path) -> None:
    said = " ".join(typed("doctor", "--help", socket=tmp_path / "none").stdout.replace("│", " ").split())
    assert "Exit 0 when all is well, 1 with warnings only, 2 with a failure, 78 when the configuration or the key keeps" in said
    for option in ("--session", "--json", "--config", "--socket"):
        assert option in said
