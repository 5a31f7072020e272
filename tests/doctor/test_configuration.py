"""The links configuration and key."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kiosk.config.model import Config
from kiosk.config.secrets import DROP_INS, HANDED_OUT
from kiosk.doctor.configuration import KeyFile, configuration, judge_configuration, judge_key, key
from kiosk.doctor.findings import Verdict
from kiosk.system.redact import redacted
from tests.doctor.helpers import visit

FILE = Path("/etc/voice-kiosk/credentials/api-key")
SECRET = "sk-doctor-0123456789"
THERE = KeyFile(FILE, exists=True, readable=True, mode=0o600, owner=0)
CONFIG = "session: {agent_id: a}\n"


@pytest.mark.parametrize(
    ("file", "source", "problem", "length", "euid", "verdict", "words"),
    [
        (THERE, str(FILE), "", 32, 0, Verdict.OK, "mode 0600, 32 characters"),
        (THERE, str(FILE), "", 8, 0, Verdict.OK, "8 characters"),
        (THERE, str(FILE), "", 7, 0, Verdict.WARNING, "7 characters is short for a key"),
        (THERE, str(FILE), "", 1, 0, Verdict.WARNING, "1 character is short for a key"),
        (KeyFile(FILE, True, True, 0o600, 1000), str(FILE), "", 32, 0, Verdict.WARNING, "belongs to uid 1000"),
        (KeyFile(FILE, True, True, 0o600, 1000), str(FILE), "", 32, 1000, Verdict.OK, "0600"),
        (KeyFile(FILE, False, False), "the environment's X", "", 32, 0, Verdict.OK, "from the environment's X, 32 characters"),
        (KeyFile(FILE, False, False), "the environment's X", "", 3, 0, Verdict.WARNING, "from the environment's X: 3 characters"),
        (KeyFile(FILE, False, False), "", "", 0, 0, Verdict.OK, "none is needed"),
        (KeyFile(FILE, False, False), "", "no API key", 0, 0, Verdict.FAILURE, "no API key"),
        (KeyFile(FILE, False, False), "", "no API key", 0, 1000, Verdict.FAILURE, "no API key"),
        (KeyFile(FILE, None, False), "", "cannot be opened", 0, 1000, Verdict.SKIPPED, "may not be read by you"),
        (KeyFile(FILE, True, False, 0o600, 0), "", "cannot be opened", 0, 1000, Verdict.SKIPPED, "may not be read by you"),
        (KeyFile(FILE, True, False, 0o600, 0), "", "cannot be opened", 0, 0, Verdict.FAILURE, "cannot be opened"),
        (KeyFile(FILE, True, True, 0o644, 0), "", "others may read the API key", 0, 0, Verdict.FAILURE, "others may read"),
    ],
)
def test_the_key(*, file: KeyFile, source: str, problem: str, length: int, euid: int, verdict: Verdict, words: str) -> None:
    finding = judge_key(file, source, problem, length, euid=euid)
    assert (finding.verdict, words in finding.words) == (verdict, True), finding
    assert bool(finding.mend) is (verdict is not Verdict.OK)


@pytest.mark.parametrize(
    ("problems", "tones", "verdict", "words"),
    [
        ([], [], Verdict.OK, "config.yaml: mode hold, voice-session at https://api.thinnest.ai"),
        ([], ["earcon busy: no", "earcon ended: torn"], Verdict.WARNING, "earcon busy: no; earcon ended: torn"),
        (["a:1:1: wrong"], [], Verdict.FAILURE, "a:1:1: wrong"),
        (["a:1:1: wrong", "b", "c"], [], Verdict.FAILURE, "a:1:1: wrong (and 2 more)"),
    ],
)
def test_the_configuration(problems: list[str], tones: list[str], verdict: Verdict, words: str) -> None:
    finding = judge_configuration(Path("config.yaml"), problems, tones, Config())
    assert (finding.verdict, finding.words) == (verdict, words)


async def test_a_file_is_loaded_as_the_daemon_does(tmp_path: Path) -> None:
    async with visit(tmp_path) as made:
        assert (await configuration(made)).verdict is Verdict.FAILURE
        (tmp_path / "config.yaml").write_text("talk: {mdoe: hold}\n")
        finding = await configuration(made)
        assert finding.verdict is Verdict.FAILURE
        assert "talk.mdoe" in str(finding.figures["problems"])
        (tmp_path / "config.yaml").write_text(f"{CONFIG}earcons: {{files: {{busy: {tmp_path}/none.wav}}}}\n")
        finding = await configuration(made)
        assert (finding.verdict, f"earcon busy: {tmp_path}/none.wav" in finding.words) == (Verdict.WARNING, True)
        (tmp_path / "config.yaml").write_text(CONFIG + "talk: {mode: vad}\n")
        assert (await configuration(made)).verdict is Verdict.OK
        assert made.config.talk.mode == "vad"


@pytest.mark.parametrize(
    ("mode", "content", "verdict", "words"),
    [
        (0o600, SECRET, Verdict.OK, "mode 0600, 20 characters"),
        (0o400, SECRET + "\n", Verdict.OK, "mode 0400, 20 characters"),
        (0o644, SECRET, Verdict.FAILURE, "others may read the API key (mode 0644)"),
        (0o600, "", Verdict.FAILURE, "is empty"),
        (0o600, "two words", Verdict.FAILURE, "is no API key"),
        (0o600, "x" * 5000, Verdict.FAILURE, "at most 4,096"),
        (0o600, "short", Verdict.WARNING, "5 characters is short"),
        (None, "", Verdict.FAILURE, "no API key"),
    ],
)
async def test_a_key_file(tmp_path: Path, mode: int | None, content: str, verdict: Verdict, words: str) -> None:
    file = tmp_path / "api-key"
    if mode is not None:
        file.write_text(content)
        file.chmod(mode)
    async with visit(tmp_path, config={"credentials": {"api_key_file": str(file)}}) as made:
        finding = await key(made)
    assert (finding.verdict, words in finding.words) == (verdict, True), finding
    assert SECRET not in repr(finding)
    if mode == 0o600 and content == SECRET:
        assert SECRET not in redacted(f"… {SECRET} …")


async def test_where_the_key_comes_from_is_said(tmp_path: Path) -> None:
    async with visit(tmp_path, environ={"VOICE_KIOSK_API_KEY": SECRET}) as made:
        assert (await key(made)).words == "from the environment's VOICE_KIOSK_API_KEY, 20 characters"
    (tmp_path / "api-key").write_text(SECRET)
    both = {"CREDENTIALS_DIRECTORY": str(tmp_path), "VOICE_KIOSK_API_KEY": SECRET}
    async with visit(tmp_path, environ=both) as made:
        assert (await key(made)).words == "from systemd's credential api-key, 20 characters"
        assert made.means.environ == both
    assert os.environ.get("VOICE_KIOSK_API_KEY") is None


async def test_without_a_key_for_an_api_on_this_machine_nothing_is_missing(tmp_path: Path) -> None:
    settings = {"session": {"url": "http://127.0.0.1:9", "agent_id": "a"}, "credentials": {"api_key_file": str(tmp_path / "none")}}
    async with visit(tmp_path, config=settings) as made:
        assert (await key(made)).verdict is Verdict.OK


async def test_an_encrypted_key_is_the_running_daemons(tmp_path: Path) -> None:
    drop_in = tmp_path / DROP_INS / "override.conf"
    drop_in.parent.mkdir(parents=True)
    drop_in.write_text("[Service]\nLoadCredential=\nLoadCredentialEncrypted=api-key:/sealed\n")
    (tmp_path / "sealed").touch()
    async with visit(tmp_path, config={"credentials": {"api_key_file": str(tmp_path / "none")}}) as made:
        finding = await key(made)
        assert (finding.verdict, "encrypted for systemd" in finding.words) == (Verdict.WARNING, True)
        (tmp_path / HANDED_OUT).parent.mkdir(parents=True)
        (tmp_path / HANDED_OUT).write_text(SECRET)
        finding = await key(made)
        assert (finding.verdict, finding.words) == (Verdict.OK, "from systemd's credential api-key of the running daemon, 20 characters")
        assert made.key
    assert SECRET not in redacted(f"… {SECRET} …")
