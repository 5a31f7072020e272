"""The file, else the last good one, else the reasons why neither runs."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path

import pytest

from kiosk.boot import boot
from kiosk.errors import ConfigError
from kiosk.lastgood import LastGood, state_folder

GOOD = b"session: {agent_id: a1}\n"
OLDER = b"session: {agent_id: a0}\ntalk: {mode: vad}\n"
BAD = b"session: {agent_id: a1}\ntalk:\n  mdoe: vad\n"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    return tmp_path / "state"


@pytest.fixture
def environ(state: Path) -> dict[str, str]:
    return {"STATE_DIRECTORY": str(state), "VOICE_KIOSK_API_KEY": "key-1"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.yaml"


def test_a_good_file_is_used(file: Path, state: Path, environ: dict[str, str]) -> None:
    LastGood(state).keep(OLDER)
    file.write_bytes(GOOD)
    started = boot(file, environ)
    assert (started.config.session.agent_id, started.text, started.problems) == ("a1", GOOD, ())
    assert started.key
    assert "VOICE_KIOSK_API_KEY" not in environ


def test_a_bad_file_gives_way_to_the_last_good_one(file: Path, state: Path, environ: dict[str, str]) -> None:
    LastGood(state).keep(OLDER)
    file.write_bytes(BAD)
    started = boot(file, environ)
    assert (started.config.session.agent_id, started.config.talk.mode) == ("a0", "vad")
    assert started.problems == (f"{file}:3:3: talk.mdoe: unknown key: did you mean `mode`?",)
    assert started.key


def test_so_does_a_missing_file_and_one_whose_key_is_missing(file: Path, state: Path, environ: dict[str, str], tmp_path: Path) -> None:
    LastGood(state).keep(OLDER)
    assert "does not exist" in boot(file, dict(environ)).problems[0]
    del environ["VOICE_KIOSK_API_KEY"]
    key = tmp_path / "key"
    key.write_text("key-2\n")
    key.chmod(0o600)
    LastGood(state).keep(OLDER + f"credentials: {{api_key_file: {key}}}\n".encode())
    file.write_bytes(GOOD + b"credentials: {api_key_file: /nowhere/key}\n")
    started = boot(file, environ)
    assert "no API key" in started.problems[0]
    assert started.key is not None
    assert started.key.reveal() == "key-2"


def test_with_nothing_to_fall_back_to_the_file_is_named(file: Path, environ: dict[str, str]) -> None:
    file.write_bytes(BAD)
    with pytest.raises(ConfigError) as caught:
        boot(file, environ)
    assert caught.value.problems == [f"{file}:3:3: talk.mdoe: unknown key: did you mean `mode`?"]


@pytest.mark.parametrize("cut", [0, 10, 130, -1])
def test_a_torn_copy_is_named_and_not_used(file: Path, state: Path, environ: dict[str, str], cut: int) -> None:
    LastGood(state).keep(OLDER)
    kept = state / "last-good.yaml"
    kept.write_bytes(kept.read_bytes()[:cut])
    file.write_bytes(BAD)
    with pytest.raises(ConfigError) as caught:
        boot(file, environ)
    assert caught.value.problems[1].startswith(f"{kept}: is torn or was changed by hand")


def test_a_copy_that_this_version_cannot_run_is_named(file: Path, state: Path, environ: dict[str, str]) -> None:
    LastGood(state).keep(b"session: {agent: a1}\n")
    file.write_bytes(BAD)
    with pytest.raises(ConfigError) as caught:
        boot(file, environ)
    assert any(problem.startswith(f"{state / 'last-good.yaml'}:") and "unknown key" in problem for problem in caught.value.problems)


def test_the_copy_is_private_whole_and_written_only_when_it_changes(state: Path) -> None:
    kept = LastGood(state)
    kept.keep(GOOD)
    first = (state / "last-good.yaml").stat()
    assert stat.S_IMODE(first.st_mode) == 0o600
    assert kept.read() == GOOD
    kept.keep(GOOD)
    assert (state / "last-good.yaml").stat().st_ino == first.st_ino
    kept.keep(OLDER)
    assert LastGood(state).read() == OLDER


def test_a_folder_that_takes_nothing_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for kept in (LastGood(None), LastGood(tmp_path / "gone")):
        caplog.clear()
        kept.keep(GOOD)
        kept.keep(GOOD)
        assert [record.levelno for record in caplog.records if record.levelno >= logging.INFO] == [logging.WARNING]
        assert kept.read() is None


def test_where_the_state_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    etc = Path("/etc/voice-kiosk/config.yaml")
    assert state_folder(etc, {"STATE_DIRECTORY": "/var/lib/a:/var/lib/b"}) == Path("/var/lib/a")
    monkeypatch.setattr("kiosk.lastgood.FOLDER", tmp_path)
    assert state_folder(etc, os.environ) == tmp_path
    assert state_folder(tmp_path / "config.yaml", {}) is None
    monkeypatch.setattr("kiosk.lastgood.FOLDER", tmp_path / "none")
    assert state_folder(etc, {}) is None
