"""`voice-kiosk edit` at a real pseudo-terminal: the editor, the questions, Ctrl-C, a lost connection and a second technician."""

from __future__ import annotations

import os
import pty
import select
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from tests.parts.process import ROOT, guarded

OLD: Final = "session: {agent_id: a1}\n"
GOOD: Final = f"{OLD}talk: {{mode: toggle}}\nlog: {{words: true}}\n"
BAD: Final = f"{OLD}talk:\n  mdoe: toggle\n"
LIMIT: Final = 30.0


class Ssh:
    """A technician's session: a terminal of its own with `voice-kiosk edit` in it."""

    def __init__(self, file: Path, editor: str, *options: str) -> None:
        self._master, slave = pty.openpty()
        environment = {**os.environ, "VISUAL": editor, "TMPDIR": str(file.parent), "TERM": "dumb", "PYTHONPATH": str(ROOT)}
        command = ["setsid", "--ctty", sys.executable, "-m", "kiosk", "edit", str(file), *options]
        self.process = subprocess.Popen(guarded(command), stdin=slave, stdout=slave, stderr=slave, env=environment)
        os.close(slave)
        self.screen = ""

    def until(self, text: str) -> None:
        """Wait until the screen has the text, from where the last wait ended."""
        end = time.monotonic() + LIMIT
        while text not in self.screen:
            assert self._read(end - time.monotonic()), f"no {text!r} on the screen:\n{self.screen}"
        self.screen = self.screen.partition(text)[2]

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def hang_up(self) -> None:
        """The connection is lost: the kernel sends SIGHUP to whatever is in the foreground."""
        os.close(self._master)
        self._master = -1

    def ended(self) -> int:
        """The exit code."""
        end = time.monotonic() + LIMIT
        while self._master >= 0 and self._read(end - time.monotonic()):
            pass
        return self.process.wait(LIMIT)

    def close(self) -> None:
        if self._master >= 0:
            os.close(self._master)
        with suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait(LIMIT)

    def _read(self, limit: float) -> bool:
        """More of the screen; False at its end or after the limit."""
        if not select.select([self._master], [], [], max(0.0, limit))[0]:
            return False
        with suppress(OSError):  # EIO: nobody has the terminal any longer
            more = os.read(self._master, 4096).decode(errors="replace").replace("\r\n", "\n")
            self.screen += more
            return bool(more)
        return False


class Desk:
    """A configuration and the sessions at it."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "config.yaml"
        self.file.write_text(OLD)
        self.sessions: list[Ssh] = []

    def editor(self, text: str, *, then: str = "") -> str:
        """One that writes the text and does something more."""
        script = self.file.with_name(f"editor{len(self.sessions)}")
        script.write_text(f"#!/bin/sh\ncat > \"$1\" <<'END'\n{text}END\n{then}\n")
        script.chmod(0o755)
        return str(script)

    def ssh(self, editor: str, *options: str) -> Ssh:
        self.sessions.append(Ssh(self.file, editor, *(options or ("--no-reload",))))
        return self.sessions[-1]

    def copies(self) -> list[str]:
        return [path.read_text() for path in self.file.parent.glob("voice-kiosk-edit-*/config.yaml")]


@pytest.fixture
def desk(tmp_path: Path) -> Generator[Desk]:
    made = Desk(tmp_path)
    yield made
    for session in made.sessions:
        session.close()


def test_what_changed_is_told_key_by_key(desk: Desk) -> None:
    session = desk.ssh(desk.editor(GOOD))
    session.until(f"{desk.file} is installed.\n")
    assert session.ended() == 0
    lines = [line.split() for line in session.screen.splitlines()]
    assert lines == [["talk.mode", "hold", "→", "toggle", "after", "the", "call"], ["log.words", "false", "→", "true", "at", "once"]]
    assert (desk.file.read_text(), desk.copies()) == (GOOD, [])


def test_an_error_is_pointed_at_and_a_bad_file_discarded(desk: Desk) -> None:
    session = desk.ssh(desk.editor(BAD))
    session.until("talk.mdoe: unknown key: did you mean `mode`?\n      mdoe: toggle\n      ^\n")
    session.until("Edit again or discard? [E/d] ")
    session.type("d\n")
    session.until("Discarded")
    assert session.ended() == 0
    assert (desk.file.read_text(), desk.copies()) == (OLD, [])


def test_a_second_technician_is_told(desk: Desk) -> None:
    first = desk.ssh(desk.editor(BAD))
    first.until("[E/d] ")
    second = desk.ssh(desk.editor(GOOD))
    second.until("is being edited by ")
    second.until(f"(process {first.process.pid})")
    assert second.ended() == 75
    first.type("d\n")
    assert first.ended() == 0
    third = desk.ssh(desk.editor(GOOD))
    assert third.ended() == 0
    assert desk.file.read_text() == GOOD


@pytest.mark.parametrize("where", ["at the question", "in the editor"])
def test_a_lost_connection_leaves_the_old_file_and_keeps_the_copy(desk: Desk, where: str) -> None:
    session = desk.ssh(desk.editor(BAD, then="" if where == "at the question" else "echo editing; trap '' HUP; sleep 2"))
    session.until("[E/d] " if where == "at the question" else "editing")
    session.hang_up()
    assert session.ended() == 129
    assert (desk.file.read_text(), desk.copies()) == (OLD, [BAD])
    after = desk.ssh(desk.editor(GOOD))
    after.until("did not end in order; its copy is ")
    assert after.ended() == 0
    assert desk.file.read_text() == GOOD


def test_ctrl_c_is_the_editors_and_then_ends_the_edit(desk: Desk) -> None:
    session = desk.ssh(desk.editor(BAD, then="trap 'echo got it' INT; echo editing; sleep 2; true"))
    session.until("editing")
    session.type("\x03")
    session.until("got it")
    session.until("[E/d] ")
    session.type("\x03")
    session.until("what you wrote is in ")
    assert session.ended() == 130
    assert (desk.file.read_text(), desk.copies()) == (OLD, [BAD])


def test_the_end_of_input_ends_the_edit(desk: Desk) -> None:
    session = desk.ssh(desk.editor(BAD))
    session.until("[E/d] ")
    session.type("\x04")
    session.until("the terminal is gone")
    assert session.ended() == 129
    assert desk.file.read_text() == OLD


@pytest.mark.parametrize("how", ["cut off", "not waited for"])
def test_what_the_daemon_is_not_heard_to_have_taken_is_installed_and_said(desk: Desk, how: str) -> None:
    path = desk.file.parent / "s"
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(path))
        door.listen()
        door.settimeout(LIMIT)
        session = desk.ssh(desk.editor(GOOD), "--socket", str(path))
        connection, _ = door.accept()
        with connection:
            connection.recv(4096)
            if how == "not waited for":
                session.type("\x03")
                session.until("Not waited for: the daemon goes on with it.")
        assert session.ended() == 69
    assert ("went away while it was asked" in session.screen) == (how == "cut off")
    assert desk.file.read_text() == GOOD


def test_without_a_terminal_it_says_what_to_do_instead(desk: Desk) -> None:
    command = [sys.executable, "-m", "kiosk", "edit", desk.file]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, stdin=subprocess.DEVNULL, timeout=LIMIT, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("edit needs a terminal\nunattended: voice-kiosk check NEW && ")
    assert done.stdout == ""


def test_a_read_only_folder_is_said_before_the_work(desk: Desk) -> None:
    missing = desk.file.parent / "none" / "config.yaml"
    desk.file = missing
    session = Ssh(missing, "true")
    desk.sessions.append(session)
    session.until("none")
    assert session.ended() == 73
