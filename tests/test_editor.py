"""An edit, with scripted editors and a scripted technician: every way out leaves the old file or a good one."""

from __future__ import annotations

import fcntl
import os
import re
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from kiosk.editor import BUSY, CANNOT_WRITE, CUT_OFF, INTERRUPTED, NOT_DONE, Edited, edit, editor, who
from kiosk.errors import EditError

OLD = "# the hall's\nsession: {agent_id: a1}\n"
GOOD = OLD + "talk: {mode: toggle}\n"
BAD = OLD + "talk:\n  mdoe: toggle\n"


class Technician:
    """Answers from a list; at its end the terminal is gone."""

    def __init__(self, *answers: str | BaseException | Callable[[], str]) -> None:
        self.answers = list(answers)
        self.heard: list[str] = []

    def say(self, text: str) -> None:
        self.heard.append(text)

    def ask(self, question: str) -> str:
        self.heard.append(question)
        answer = self.answers.pop(0) if self.answers else EOFError()
        if isinstance(answer, BaseException):
            raise answer
        return answer if isinstance(answer, str) else answer()

    @property
    def text(self) -> str:
        return "\n".join(self.heard)


class Bench:
    """A configuration, and editors that write one text after another into the copy."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "etc" / "config.yaml"
        self.file.parent.mkdir()
        self.file.write_text(OLD)
        self.file.chmod(0o640)
        self.log = folder / "editor.log"

    def editor(self, *texts: str, name: str = "editor", after: str = "") -> str:
        """An editor for $EDITOR; without texts it changes nothing."""
        for earlier in (*self.folder.glob("text*"), *self.folder.glob("editor.log")):
            earlier.unlink()
        for number, text in enumerate(texts):
            (self.folder / f"text{number}").write_text(text)
        script = self.folder / name
        script.write_text(
            f'#!/bin/sh\necho "$@" >> {self.log}\nnumber=$(($(wc -l < {self.log}) - 1))\n'
            f'for copy; do :; done\nif [ -e {self.folder}/text$number ]; then cat {self.folder}/text$number > "$copy"; fi\n{after}\n'
        )
        script.chmod(0o755)
        return str(script)

    def edit(self, technician: Technician, editor: str) -> Edited | None:
        return edit(self.file, technician, {"EDITOR": editor})

    def refused(self, technician: Technician, editor: str) -> EditError:
        with pytest.raises(EditError) as caught:
            self.edit(technician, editor)
        return caught.value

    def runs(self) -> list[str]:
        return self.log.read_text().splitlines()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return Bench(tmp_path)


def copies(bench: Bench) -> list[Path]:
    return list(bench.folder.glob("voice-kiosk-edit-*"))


def test_a_good_file_is_installed_with_its_mode(bench: Bench) -> None:
    edited = bench.edit(Technician(), bench.editor(GOOD))
    assert edited is not None
    assert edited.old is not None
    assert (edited.old.talk.mode, edited.new.talk.mode) == ("hold", "toggle")
    assert (bench.file.read_text(), stat.S_IMODE(bench.file.stat().st_mode)) == (GOOD, 0o640)
    assert copies(bench) == []


def test_the_copy_is_the_technicians_alone(bench: Bench) -> None:
    bench.edit(Technician(), bench.editor(GOOD, after=f'stat -c %a "$(dirname "$copy")" > {bench.folder}/mode'))
    assert (bench.folder / "mode").read_text() == "700\n"
    assert re.fullmatch(r"\S+/voice-kiosk-edit-\w+/config.yaml", bench.runs()[0])


def test_an_unchanged_file_is_left_alone(bench: Bench) -> None:
    before = bench.file.stat().st_ino
    technician = Technician()
    assert bench.edit(technician, bench.editor()) is None
    assert technician.heard == [f"{bench.file} is unchanged."]
    assert (bench.file.stat().st_ino, copies(bench)) == (before, [])


def test_errors_are_pointed_at_and_the_editor_begins_there(bench: Bench) -> None:
    technician = Technician("what?", "e")
    assert bench.edit(technician, bench.editor(BAD, GOOD, name="nano")) is not None
    assert f"{bench.file}:4:3: talk.mdoe: unknown key: did you mean `mode`?\n      mdoe: toggle\n      ^\n1 problem: " in technician.text
    assert "e edits again, d discards" in technician.text
    assert bench.runs()[1].startswith("+4 ")
    assert bench.file.read_text() == GOOD


def test_a_bad_file_is_never_installed(bench: Bench) -> None:
    technician = Technician("d")
    assert bench.edit(technician, bench.editor(BAD)) is None
    assert (bench.file.read_text(), copies(bench)) == (OLD, [])
    assert "Discarded" in technician.text


def test_a_bad_file_that_is_left_as_it_was_is_pointed_at(bench: Bench) -> None:
    bench.file.write_text(BAD)
    technician = Technician("d")
    assert bench.edit(technician, bench.editor()) is None
    assert "did you mean `mode`" in technician.text
    edited = bench.edit(Technician(), bench.editor(GOOD))
    assert edited is not None
    assert edited.old is None


def test_a_file_that_was_not_there_begins_as_the_template(bench: Bench) -> None:
    bench.file.unlink()
    technician = Technician("d")
    assert bench.edit(technician, bench.editor()) is None
    assert "session.agent_id: is missing" in technician.text
    assert not bench.file.exists()
    assert bench.edit(Technician(), bench.editor(GOOD)) is not None
    assert (bench.file.read_text(), stat.S_IMODE(bench.file.stat().st_mode)) == (GOOD, 0o644)


def test_the_second_technician_is_told_who_is_first(bench: Bench) -> None:
    inner: list[EditError] = []

    def meanwhile() -> str:
        inner.append(bench.refused(Technician(), bench.editor(GOOD)))
        return "d"

    bench.edit(Technician(meanwhile), bench.editor(BAD))
    assert inner[0].exit_code == BUSY
    me = re.escape(who({}).split(" since")[0])
    assert re.match(rf"{bench.file} is being edited by {me} since .* \(process {os.getpid()}\)", str(inner[0]))
    assert bench.edit(Technician(), bench.editor(GOOD)) is not None


@pytest.mark.parametrize(
    ("answer", "code"), [(EOFError(), CUT_OFF), (OSError(5, "I/O error"), CUT_OFF), (KeyboardInterrupt(), INTERRUPTED)]
)
def test_whoever_goes_away_leaves_the_old_file_and_finds_the_copy_again(bench: Bench, answer: BaseException, code: int) -> None:
    error = bench.refused(Technician(answer), bench.editor(BAD))
    [copy] = copies(bench)
    assert error.exit_code == code
    assert f"{bench.file} is as it was; what you wrote is in {copy}/config.yaml" in str(error)
    assert (bench.file.read_text(), (copy / "config.yaml").read_text()) == (OLD, BAD)
    technician = Technician()
    bench.edit(technician, bench.editor(GOOD))
    assert f"did not end in order; its copy is {copy}/config.yaml" in technician.text
    technician = Technician()
    bench.edit(technician, bench.editor())
    assert "did not end" not in technician.text


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 3", "the editor ended with 3"),
        ("kill -TERM $$", "the editor was ended by signal 15"),
        ('rm "$copy"', "the editor has removed the copy"),
        ('rm "$copy"; mkfifo "$copy"', "is a FIFO"),
        ('head -c 70000 /dev/zero > "$copy"', "has 70,000 bytes"),
    ],
)
def test_an_editor_that_fails_changes_nothing(bench: Bench, script: str, said: str) -> None:
    error = bench.refused(Technician(), bench.editor(after=script))
    assert said in str(error)
    assert (error.exit_code, bench.file.read_text()) == (NOT_DONE, OLD)


def test_an_editor_that_is_not_there(bench: Bench) -> None:
    error = bench.refused(Technician(), "/nowhere/editor --fast")
    assert "/nowhere/editor: no such file or directory" in str(error)
    assert copies(bench) == []


def test_what_another_program_wrote_meanwhile_is_not_overwritten(bench: Bench) -> None:
    error = bench.refused(Technician(), bench.editor(GOOD, after=f"echo '# new' >> {bench.file}"))
    assert "was changed meanwhile by another program" in str(error)
    assert bench.file.read_text() == f"{OLD}# new\n"
    assert copies(bench) != []


@pytest.mark.parametrize("spoil", ["write", "fsync", "replace"])
def test_a_disk_that_fails_leaves_the_old_file(bench: Bench, monkeypatch: pytest.MonkeyPatch, spoil: str) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    def spoilt() -> str:
        monkeypatch.setattr(f"kiosk.system.files.os.{spoil}", fail)
        return "e"

    error = bench.refused(Technician(spoilt), bench.editor(BAD, GOOD))
    monkeypatch.undo()
    assert "could not be written: no space left on device" in str(error)
    assert (error.exit_code, bench.file.read_text()) == (CANNOT_WRITE, OLD)
    assert [path.name for path in bench.file.parent.iterdir()] == [".config.yaml.lock", "config.yaml"]


def test_a_folder_that_takes_no_lock_is_said_before_the_work(bench: Bench) -> None:
    missing = bench.folder / "none" / "config.yaml"
    with pytest.raises(EditError, match="no such file or directory") as caught:
        edit(missing, Technician(), {"EDITOR": bench.editor(GOOD)})
    assert caught.value.exit_code == CANNOT_WRITE
    assert not bench.log.exists()


def test_a_link_stays_a_link_and_its_target_is_locked(bench: Bench) -> None:
    link = bench.folder / "link.yaml"
    link.symlink_to(bench.file)
    assert edit(link, Technician(), {"EDITOR": bench.editor(GOOD)}) is not None
    assert link.is_symlink()
    assert bench.file.read_text() == GOOD


def test_the_lock_is_free_after_every_way_out(bench: Bench) -> None:
    for technician, text in ((Technician(), GOOD), (Technician("d"), BAD), (Technician(), BAD)):
        with suppress(EditError):
            bench.edit(technician, bench.editor(text))
        with (bench.file.parent / ".config.yaml.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def found(name: str) -> Callable[[str], str | None]:
    return lambda wanted: f"/usr/bin/{wanted}" if wanted == name else None


@pytest.mark.parametrize("told", ["nano 'x", 'nano "x', "nano \\"])
def test_an_editor_that_is_no_command_is_said(bench: Bench, told: str) -> None:
    error = bench.refused(Technician(), told)
    assert str(error).startswith(f"$EDITOR is {told!r}, which is no command (no ")
    assert (error.exit_code, error.hint) == (NOT_DONE, "set it anew: export EDITOR=nano")


def test_which_editor(monkeypatch: pytest.MonkeyPatch) -> None:
    assert editor({"VISUAL": "vim -n", "EDITOR": "ed"}) == ["vim", "-n"]
    assert editor({"VISUAL": " ", "EDITOR": "ed"}) == ["ed"]
    monkeypatch.setattr("shutil.which", found("nano"))
    assert editor({}) == ["/usr/bin/nano"]
    monkeypatch.setattr("shutil.which", found("none of them"))
    with pytest.raises(EditError, match="no editor"):
        editor({})


def test_who_is_a_person_and_a_place() -> None:
    assert who({"SUDO_USER": "ana", "SSH_CONNECTION": "10.1.2.3 51234 10.1.2.4 22"}).startswith("ana ")
    assert " from 10.1.2.3 since 20" in who({"SSH_CONNECTION": "10.1.2.3 51234 10.1.2.4 22"})
