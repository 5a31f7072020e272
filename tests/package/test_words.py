"""Man page and completions: written from the command line, and complete."""

from __future__ import annotations

import ast
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk import editor
from kiosk.cli import demo, doctor
from kiosk.config import report, secrets
from kiosk.control import place
from kiosk.doctor import findings
from scripts.deb.man import context, escaped, page, verbs
from scripts.deb.tree import COMPLETIONS, lay_out_words
from tests.parts.process import ROOT

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


def section(text: str, name: str) -> str:
    return text.partition(f".SH {name}\n")[2].partition("\n.SH ")[0]


def exit_codes() -> Iterator[int]:
    """What a verb gives to Exit, or an edit's error to its verb, where that has a name; and the doctor's."""
    constants = {**vars(findings), **vars(report), **vars(editor)}
    for name in ("ask", "demo", "devices", "doctor", "edit", "events", "status", "watch"):
        constants |= vars(importlib.import_module(f"kiosk.cli.{name}"))
    for file in (*(ROOT / "kiosk/cli").glob("*.py"), ROOT / "kiosk/editor.py"):
        for call in (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)):
            given = [word.value for word in call.keywords if word.arg == "exit_code"]
            given += call.args if isinstance(call.func, ast.Attribute) and call.func.attr == "Exit" else []
            names = [node.id for value in given for node in ast.walk(value) if isinstance(node, ast.Name)]
            yield from (constants[name] for name in names if name.isupper())
    yield from (findings.EXIT_WARNING, findings.EXIT_FAILURE, findings.EXIT_CANNOT_RUN, doctor.INTERRUPTED, demo.INTERRUPTED)


def test_every_exit_code_is_named(text: str) -> None:
    codes = set(exit_codes())
    assert codes > {1, 2, 3, 4, 69, 73, 75, 78, 129}
    assert codes | {0} == {int(code) for code in re.findall(r"^\.B (\d+)$", section(text, "EXIT STATUS"), re.MULTILINE)}


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_that_tells_its_exit_codes_is_named_beside_them(text: str, name: str) -> None:
    told = (VERBS[name].help or "").partition("Exit ")[2]
    for code in re.findall(r"\b(\d{1,3})\b", told):
        words = section(text, "EXIT STATUS").partition(f".B {code}\n")[2].partition("\n")[0]
        assert f"\\fB{name}\\fR" in words or code in ("0", "3", "4", "130"), f"{name} ends with {code}"


def test_every_signal_variable_and_socket_is_named(text: str) -> None:
    signals = set(re.findall(r"signal\.(SIG[A-Z]+)", (ROOT / "kiosk/app.py").read_text()))
    assert signals == set(re.findall(r"SIG[A-Z]+", section(text, "SIGNALS")))
    variables = {secrets.VARIABLE, place.VARIABLE, "VISUAL", "EDITOR", "NO_COLOR"}
    assert variables == set(re.findall(r"^\.BR? (.*)$", section(text, "ENVIRONMENT").replace(' ", " ', "\n.B "), re.MULTILINE))
    assert f".I {place.DEFAULT}\n" in section(text, "FILES")


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
