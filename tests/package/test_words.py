"""Man page and completions: written from the command line, and complete."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.deb.man import context, escaped, page, verbs
from scripts.deb.tree import COMPLETIONS, lay_out_words

VERBS = verbs()


@pytest.fixture(scope="module")
def text() -> str:
    return page("1.2.3", "2026-01-02")


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_is_there_with_its_options(text: str, name: str) -> None:
    _, found, rest = text.partition(f'.SS "voice\\-kiosk {escaped(name)}"\n')
    assert found
    section = rest.partition("\n.S")[0]
    assert escaped(" ".join((VERBS[name].help or "").split())) in section
    for parameter in VERBS[name].params:
        record = parameter.get_help_record(context(VERBS[name]))
        assert record is None or escaped(record[0]) in section


def test_every_line_is_roff(text: str) -> None:
    requests = {line.split()[0] for line in text.splitlines() if line.startswith(".")}
    assert requests <= {".TH", ".SH", ".SS", ".TP", ".B", ".BR", ".I", ".PP", ".br"}
    assert [line for line in text.splitlines() if line.startswith("'")] == []


def test_words_are_not_taken_for_roff() -> None:
    assert escaped(".net isn't\n-x \\ here") == "\\&.net isn't \\-x \\e here"


@pytest.fixture(scope="module")
def completions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    tree = tmp_path_factory.mktemp("tree")
    lay_out_words("1.2.3", tree, 0)
    return {shell: tree / place for shell, place in COMPLETIONS.items()}


def test_bash_completes_verbs_and_options(completions: dict[str, Path]) -> None:
    # As bash does it: the file is sourced, and its function asked.
    ask = f"""
        source {completions["bash"]}; complete -p voice-kiosk
        COMP_CWORD=1; COMP_WORDS=(voice-kiosk "$0"); _voice_kiosk_completion voice-kiosk"""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for begun, whole in (("che", "check"), ("--ver", "--version")):
        command = ["bash", "-c", f'{ask}\nprintf "%s\\n" "${{COMPREPLY[@]}}"', begun]
        done = subprocess.run(command, env={"PATH": path}, capture_output=True, text=True, timeout=30, check=True)
        assert whole in done.stdout.splitlines()[1:]


def test_each_shell_knows_its_file(completions: dict[str, Path]) -> None:
    assert completions["zsh"].read_text().startswith("#compdef voice-kiosk\n")
    assert "complete --command voice-kiosk" in completions["fish"].read_text()
