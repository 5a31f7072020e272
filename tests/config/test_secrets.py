"""The API key: where it may come from, who may read it, and that it never shows."""

from __future__ import annotations

import copy
import pickle
import re
import textwrap
from pathlib import Path

import pytest

from kiosk.config.model import Config
from kiosk.config.report import report
from kiosk.config.secrets import HANDED_OUT, VARIABLE, Secret, find_api_key, load_api_key, mask
from kiosk.errors import ConfigError, SealedKeyError
from tests.config.helpers import read
from tests.parts.process import ROOT

KEY = "sk_live_0123456789"


def config_for(file: Path, url: str = "https://api.example.com") -> Config:
    return read(f"session: {{agent_id: a1, url: '{url}'}}\ncredentials: {{api_key_file: '{file}'}}\n")


def key_file(folder: Path, content: bytes = KEY.encode() + b"\n", mode: int = 0o600) -> Path:
    path = folder / "api-key"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def revealed(key: Secret | None) -> str:
    assert key is not None
    return key.reveal()


def test_a_secret_never_shows() -> None:
    secret = Secret(KEY)
    for text in (repr(secret), str(secret), f"{secret}", f"{secret:>30}", "%s %r" % (secret, secret), repr([secret])):  # noqa: UP031 -- as logging does
        assert KEY not in text
        assert "***" in text
    for leak in (lambda: pickle.dumps(secret), lambda: copy.copy(secret), lambda: copy.deepcopy({"k": secret})):
        with pytest.raises(TypeError, match="not pickled"):
            leak()


@pytest.mark.parametrize(
    "text",
    [f"a {KEY} b", f"Authorization: Bearer {KEY}", "Bearer something-else", "token eyJhbGciOi.eyJleHAiOjF9.c2ln", "eyJhbGciOiJIUzI1NiJ9"],
)
def test_mask(text: str) -> None:
    masked = mask(text, Secret(KEY), None)
    assert "***" in masked
    for part in (KEY, "something-else", "eyJ"):
        assert part not in masked


def test_order(tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    config = config_for(key_file(tmp_path, b"from-file"))
    environ = {"CREDENTIALS_DIRECTORY": str(credentials), VARIABLE: "from-environment", "HOME": "/"}
    # The mode of the service manager's own directory is its own affair.
    key_file(credentials, b"from-systemd", 0o444)
    assert revealed(load_api_key(config, environ)) == "from-systemd"
    assert VARIABLE not in environ
    (credentials / "api-key").unlink()
    environ[VARIABLE] = "from-environment"
    assert revealed(load_api_key(config, environ)) == "from-environment"
    assert environ == {"CREDENTIALS_DIRECTORY": str(credentials), "HOME": "/"}
    assert revealed(load_api_key(config, environ)) == "from-file"
    assert revealed(load_api_key(config, {VARIABLE: " "})) == "from-file"


@pytest.mark.parametrize("mode", [0o600, 0o400])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_private_files(tmp_path: Path, mode: int, end: bytes) -> None:
    assert revealed(load_api_key(config_for(key_file(tmp_path, KEY.encode() + end, mode)), {})) == KEY


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o601])
def test_files_that_others_may_read(tmp_path: Path, mode: int) -> None:
    path = key_file(tmp_path, mode=mode)
    with pytest.raises(ConfigError) as caught:
        load_api_key(config_for(path), {})
    assert str(caught.value) == f"{path}: others may read the API key (mode {mode:04o}): mode 0600 or 0400 is wanted: chmod 600 {path}"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (KEY.encode() + b"\nsecond", "is no API key: one line of printable ASCII"),
        (KEY.encode() + b" ", "is no API key"),
        (KEY.encode() + b"\x00", "is no API key"),
        (KEY.encode() + "é".encode(), "is no API key"),
        (KEY.encode() + b"\xff", "is no API key"),
        (KEY.encode() * 300, "at most 4,096 are read"),
    ],
)
def test_contents_that_are_no_key_are_not_shown(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        load_api_key(config_for(key_file(tmp_path, content)), {})
    assert KEY not in str(caught.value) + caught.value.hint


def test_a_bad_variable_is_not_shown() -> None:
    with pytest.raises(ConfigError, match=VARIABLE) as caught:
        load_api_key(config_for(Path("/none/api-key")), {VARIABLE: f"{KEY} x"})
    assert KEY not in str(caught.value)


def test_no_key_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_api_key(config_for(tmp_path / "api-key"), {})
    assert "chmod 600" in caught.value.hint


@pytest.mark.parametrize("url", ["http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1"])
def test_no_key_is_needed_on_this_machine(tmp_path: Path, url: str) -> None:
    assert load_api_key(config_for(tmp_path / "api-key", url), {}) is None


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """The root of a machine whose operator keeps the key encrypted, as the operator's page has it."""
    root = tmp_path / "machine"
    text = (ROOT / "docs" / "operator.md").read_text()
    drop_in = re.search(r"\n\n((?:    .*\n)*    LoadCredentialEncrypted=.*\n)", text)
    assert drop_in
    folder = root / "etc/systemd/system/voice-kiosk.service.d"
    folder.mkdir(parents=True)
    (folder / "override.conf").write_text(textwrap.dedent(drop_in[1]))
    (root / "etc/credstore.encrypted").mkdir()
    (root / "etc/credstore.encrypted/api-key").write_text("sealed")
    return root


def hand_out(machine: Path) -> None:
    """systemd starts the daemon with the key."""
    (machine / HANDED_OUT).parent.mkdir(parents=True)
    key_file(machine / HANDED_OUT.parent, b"handed-out", 0o400)


def test_beside_the_daemon_what_it_was_handed_comes_last(tmp_path: Path, machine: Path) -> None:
    hand_out(machine)
    config = config_for(tmp_path / "api-key")
    key, where = find_api_key(config, {}, machine)
    assert (revealed(key), where) == ("handed-out", "systemd's credential api-key of the running daemon")
    assert revealed(find_api_key(config, {VARIABLE: "from-environment"}, machine)[0]) == "from-environment"
    key_file(tmp_path, b"from-file")
    assert revealed(find_api_key(config, {}, machine)[0]) == "from-file"
    (tmp_path / "api-key").unlink()
    with pytest.raises(ConfigError, match="no API key"):
        load_api_key(config, {})


def test_an_encrypted_key_of_no_running_daemon_is_neither_right_nor_wrong(tmp_path: Path, machine: Path) -> None:
    config = config_for(tmp_path / "api-key")
    with pytest.raises(SealedKeyError, match=r"etc/credstore\.encrypted/api-key: the API key is encrypted"):
        find_api_key(config, {}, machine)
    # What may not be read, or is no key.
    (machine / HANDED_OUT).mkdir(parents=True)
    with pytest.raises(SealedKeyError):
        find_api_key(config, {}, machine)
    with pytest.raises(ConfigError, match="no API key"):
        load_api_key(config, {})


@pytest.mark.parametrize("gone", ["etc/credstore.encrypted/api-key", "etc/systemd/system/voice-kiosk.service.d/override.conf"])
@pytest.mark.parametrize("running", [False, True])
def test_without_an_encrypted_key_the_next_start_would_have_none(tmp_path: Path, machine: Path, gone: str, *, running: bool) -> None:
    (machine / gone).unlink()
    if running:
        hand_out(machine)
    with pytest.raises(ConfigError, match="no API key") as caught:
        find_api_key(config_for(tmp_path / "api-key"), {}, machine)
    assert not isinstance(caught.value, SealedKeyError)


def test_check_says_of_an_encrypted_key_that_it_was_not_looked_at(tmp_path: Path, machine: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(f"session: {{agent_id: a1}}\ncredentials: {{api_key_file: {tmp_path}/none}}\n")
    found = report(path, {}, machine)
    assert found.exit_code == 0
    assert found.text.splitlines()[1].startswith(f"warning: {machine}/etc/credstore.encrypted/api-key: ")
    hand_out(machine)
    assert "warning" not in report(path, {}, machine).text
