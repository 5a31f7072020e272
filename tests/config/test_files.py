"""Files that are no configuration are named at once, whatever they are."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from kiosk.config.loader import LIMIT, load
from kiosk.errors import ConfigError


def refused(path: Path) -> str:
    took: list[float] = []
    problem = ""
    for _ in range(3):  # the best of three: the cores are shared
        begin = time.monotonic()
        with pytest.raises(ConfigError) as caught:
            load(path)
        took.append(time.monotonic() - begin)
        [problem] = caught.value.problems
    assert min(took) < 0.1
    assert problem.startswith(str(path))
    return problem.removeprefix(str(path))


def test_a_good_file(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("session: {agent_id: a1}\n")
    assert load(path).session.agent_id == "a1"


def test_missing(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.yaml").startswith(": does not exist: copy an example")


def test_directory(tmp_path: Path) -> None:
    assert refused(tmp_path) == ": is a directory: a regular file is wanted"


def test_fifo_without_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "f")
    assert refused(tmp_path / "f") == ": is a FIFO: a regular file is wanted"


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_device(device: str) -> None:
    assert refused(Path(device)) == ": is a device: a regular file is wanted"


def test_huge(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    path.write_bytes(b"#" * (LIMIT + 1))
    assert refused(path) == ": has 65,537 bytes: at most 65,536 are read"
    os.truncate(path, 1 << 40)
    assert "1,099,511,627,776 bytes" in refused(path)


def test_a_loop_of_links(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "a")
    assert "cannot be opened (too many levels of symbolic links)" in refused(tmp_path / "a")


def test_a_name_with_nul(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be opened"):
        load(tmp_path / "a\0b")


@pytest.mark.parametrize(("data", "place"), [(b"a: 1\nb: \xff\n", ":2:4"), ("a: 1\n".encode("utf-16"), ":1:1"), (b"\xed\xa0\x80", ":1:1")])
def test_not_utf8(tmp_path: Path, data: bytes, place: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(data)
    assert refused(path) == f"{place}: not UTF-8: save the file as UTF-8"
