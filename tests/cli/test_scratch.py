"""The working directory of a short-lived command, also where the usual place is closed."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from kiosk.cli import scratch


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_it_is_gone_afterwards(tmp_path: Path) -> None:
    with scratch.scratch() as why:
        made = Path.cwd()
        (made / "fifo").touch()
        assert (why, made.parent) == ("", tmp_path)
    assert (Path.cwd(), list(tmp_path.iterdir())) == (Path("/"), [])


def test_where_the_usual_place_is_closed_it_is_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "memory").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    monkeypatch.setattr(scratch, "PLACES", (None, str(tmp_path / "closed"), str(tmp_path / "memory")))
    with scratch.scratch() as why:
        assert Path.cwd().parent == tmp_path / "memory"
        assert why == "temporary files cannot be made (No such file or directory)"
    assert list((tmp_path / "memory").iterdir()) == []


def test_where_all_are_closed_it_goes_on_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    monkeypatch.setattr(scratch, "PLACES", (None, str(tmp_path / "closed")))
    with scratch.scratch() as why:
        assert (Path.cwd(), why) == (tmp_path, "temporary files cannot be made (No such file or directory)")
    assert Path.cwd() == tmp_path
