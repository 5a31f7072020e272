"""Each verb as a technician types it, against the real daemon as a process of its own, and against none."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.control.record import Status
from tests.parts.process import ROOT

KEY = "verbs-key-1234567890"
CONFIG = """\
session: {agent_id: verbs, url: "http://127.0.0.1:9"}
talk: {mode: toggle}
"""


def typed(*words: str, socket: Path | str, limit: float = 30.0) -> subprocess.CompletedProcess[str]:
    """What a verb says, and its exit code."""
    return subprocess.run(
        [sys.executable, "-m", "kiosk", *words],
        env={**os.environ, "VOICE_KIOSK_SOCKET": str(socket), "PYTHONPATH": str(ROOT), "COLUMNS": "80"},
        cwd=Path(socket).parent,
        capture_output=True,
        text=True,
        timeout=limit,
        check=False,
    )


def test_check_warns_of_a_tone_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(f"{CONFIG}earcons: {{files: {{busy: {tmp_path}/none.wav}}}}\n")
    done = typed("check", "c.yaml", socket=tmp_path / "none")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1].startswith(f"warning: earcon busy: {tmp_path}/none.wav: ")


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The socket of a daemon without sound card, button or API: everything that is missing is said."""
    folder = tmp_path_factory.mktemp("daemon")
    (folder / "config.yaml").write_text(CONFIG)
    socket = folder / "control.sock"
    environment = {**os.environ, "VOICE_KIOSK_API_KEY": KEY, "PYTHONPATH": str(ROOT), "RUNTIME_DIRECTORY": str(folder)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "kiosk", "run", "--config", "config.yaml"], cwd=folder, env=environment, stdout=log, stderr=log
        )
    try:
        deadline = time.monotonic() + 30
        while not socket.exists() or "idle" not in typed("status", socket=socket).stdout:
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.1)
        yield socket
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert not socket.exists()
        assert KEY not in (folder / "log").read_text()


def test_status_says_it_all_on_one_screen_and_its_exit_code_that_something_is_wrong(daemon: Path) -> None:
    done = typed("status", socket=daemon)
    print(f"\n{done.stdout}")
    assert done.returncode == 1, done.stderr
    assert "\033" not in done.stdout
    names = re.findall(r"^(\w[\w ]*?)  +", done.stdout, re.MULTILINE)
    wanted = ["state", "faults", "call", "microphone", "speaker", "sound", "up", "last error", "configuration", "versions"]
    assert names == wanted
    assert "the LED shows fault" in done.stdout
    assert "microphone-missing, broken, for" in done.stdout
    assert len(done.stdout.splitlines()) < 24
    assert KEY not in done.stdout


def test_status_for_machines_is_the_record(daemon: Path) -> None:
    done = typed("status", "--json", socket=daemon)
    status = Status.model_validate_json(done.stdout)
    assert (done.returncode, status.well) == (1, False)
    assert status.configuration.file == "config.yaml"
    assert KEY not in done.stdout


def test_orders_say_what_they_did(daemon: Path) -> None:
    said = [typed(order, socket=daemon) for order in ("press", "release", "mute", "unmute", "hangup", "hangup")]
    assert [done.returncode for done in said] == [0] * 6
    press, *_, hang_up, again = (done.stdout for done in said)
    # This daemon has no microphone, and no light invites to speak into none.
    assert press == "press: idle → connecting; the LED shows fault\n"
    assert "→ idle; the LED shows fault" in hang_up
    assert again == "hangup: there is no call\n"


def test_volume_takes_a_gain_below_zero_and_refuses_one_out_of_bounds(daemon: Path) -> None:
    assert typed("volume", socket=daemon).stdout == "the speaker's gain is 0 dB, as configured\n"
    said = "the speaker's gain is -6.5 dB, until the daemon ends; audio.speaker.gain is 0 dB\n"
    assert typed("volume", "-6.5", socket=daemon).stdout == said
    assert typed("volume", socket=daemon).stdout == said
    wrong = typed("volume", "99", socket=daemon)
    assert (wrong.returncode, wrong.stderr) == (2, "the daemon refuses: gain_db: Input should be less than or equal to 12\n")


def test_events_are_json_lines_for_as_long_as_somebody_reads(daemon: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "kiosk", "events", "--socket", daemon], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert json.loads(process.stdout.readline())["event"] == "state"
    typed("mute", socket=daemon)
    typed("press", socket=daemon)
    assert json.loads(process.stdout.readline())["state"] == "connecting"
    typed("hangup", socket=daemon)
    process.stdout.close()
    for order in ("press", "hangup", "unmute"):
        typed(order, socket=daemon)
    assert process.wait(30) == 0
    assert process.stderr.read() == b""
    process.stderr.close()


def test_watch_draws_on_a_terminal_and_says_so_elsewhere(daemon: Path) -> None:
    done = typed("watch", socket=daemon)
    assert (done.returncode, done.stderr) == (2, "watch draws on a terminal, and this is none: use `status` or `events`\n")
    terminal, inner = pty.openpty()
    termios.tcsetwinsize(inner, (30, 120))
    environment = {**os.environ, "TERM": "xterm", "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", "kiosk", "watch", "--socket", daemon], env=environment, stdin=inner, stdout=inner, stderr=inner
    )
    os.close(inner)
    drawn = seen(terminal, " state state=idle")
    assert "microphone-missing" in drawn
    process.send_signal(signal.SIGINT)
    # Read to the end first: a full terminal holds up whoever writes to it.
    assert "Traceback" not in drawn + seen(terminal, None)
    assert process.wait(30) == 0
    os.close(terminal)


def seen(terminal: int, until: str | None, limit: float = 30.0) -> str:
    """What a terminal shows until a text comes, or until nobody writes to it any more."""
    shown, end = "", time.monotonic() + limit
    while until is None or until not in shown:
        assert time.monotonic() < end, shown
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                shown += os.read(terminal, 65536).decode(errors="replace")
            except OSError:
                break
    return shown


def test_devices_need_no_daemon_and_say_why_none_is_chosen(tmp_path: Path) -> None:
    done = typed("devices", "--config", "/nowhere.yaml", socket=tmp_path / "none")
    print(f"\n{done.stdout}")
    assert done.returncode in (0, 1), done.stderr
    for part in (
        "microphones (audio.microphone.device: default)",
        "speakers (audio.speaker.device: default)",
        "GPIO",
        "as the defaults have them",
    ):
        assert part in done.stdout
    assert "chosen" in done.stdout
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("words", [["status"], ["status", "--json"], ["press"], ["volume"], ["volume", "-3"], ["events"], ["mute"]])
def test_without_a_daemon_it_says_what_happened_and_what_next(tmp_path: Path, words: list[str]) -> None:
    done = typed(*words, socket=tmp_path / "none.sock")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.splitlines() == [
        f"voice-kiosk is not running: nothing answers at {tmp_path}/none.sock",
        "start it: systemctl start voice-kiosk; why it ended: journalctl -u voice-kiosk -n 20",
    ]


def test_who_may_not_ask_is_told_how_to(tmp_path: Path) -> None:
    inner = tmp_path / "closed"
    inner.mkdir(mode=0o700)
    program = (
        "import os, sys; from pathlib import Path; from kiosk.control.client import ask; os.geteuid() or os.setuid(65534)\n"
        "try: ask(Path(sys.argv[1]), 'GET', '/status')\n"
        "except Exception as error: print(error.absent, error, error.hint)"
    )
    # Root may do anything, so it becomes nobody; anybody else closes the folder to himself.
    inner.chmod(0o000)
    done = subprocess.run(
        [sys.executable, "-c", program, inner / "s"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    inner.chmod(0o700)
    assert done.stdout.startswith(f"False you may not ask the daemon: {inner}/s is for its group use sudo, or join its group")


@pytest.mark.parametrize("verb", ["press", "mute", "hangup", "volume", "events", "run", "status", "doctor"])
def test_a_verb_loads_only_what_it_needs_to_begin(verb: str) -> None:
    program = f"import sys, kiosk.cli.{ {'press': 'steer', 'mute': 'steer', 'hangup': 'steer'}.get(verb, verb) }\nprint(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True).stdout.split()
    assert not {"pydantic", "aiohttp", "numpy", "livekit", "gpiozero", "sounddevice", "yaml"} & set(loaded)
