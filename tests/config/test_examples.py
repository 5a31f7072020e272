"""The files of config/ are true: the examples load, the generated ones are the model's own words."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.config.effective import MASK, dump, effective
from kiosk.config.loader import load, parse
from kiosk.config.model import Config, SessionConfig
from kiosk.config.report import report
from kiosk.config.schema import schema_text
from kiosk.config.template import template
from tests.config.helpers import read

FOLDER = Path(__file__).parents[2] / "config"


@pytest.mark.parametrize("mode", ["hold", "toggle", "vad"])
def test_each_mode_has_an_example(mode: str) -> None:
    config = load(FOLDER / f"{mode}.yaml")
    assert config.talk.mode == mode
    assert parse(effective(config).encode(), "effective") == config


def test_generated_files_are_current() -> None:
    assert (FOLDER / "schema.json").read_text() == schema_text(), "run: python -m kiosk.config.schema"
    assert (FOLDER / "config.yaml").read_text() == template(), "run: python -m kiosk.config.schema"


def test_the_default_file_lacks_the_agent_and_nothing_else() -> None:
    text = template()
    found = report(FOLDER / "config.yaml")
    assert (found.ok, found.exit_code) == (False, 78)
    assert "session.agent_id: is missing" in found.text
    assert found.text.endswith("1 problem: this configuration cannot run")
    filled = text.replace('#agent_id: ""', "agent_id: a1")
    assert read(filled) == read("session: {agent_id: a1}\n")


def test_the_default_file_holds_every_default() -> None:
    uncommented = re.sub(r"(?m)^( *)#(?=\w)", r"\1", template()).replace('agent_id: ""', "agent_id: a1")
    expected = Config(session=SessionConfig(agent_id="a1"))
    assert read(uncommented) == expected
    keys = re.findall(r"(?m)^ *(\w+):", uncommented)
    assert len(keys) == sum(1 for line in effective(expected).splitlines() if re.match(r" *\w+:", line))


def test_the_schema_knows_every_key_with_its_meaning() -> None:
    schema = json.loads(schema_text())
    for name, section in schema["$defs"].items():
        for key, value in section.get("properties", {}).items():
            assert value.get("description") or "anyOf" in value, f"{name}.{key}"
    assert schema["$defs"]["ButtonConfig"]["properties"]["debounce"]["default"] == "20ms"


def test_effective_masks_what_sounds_secret() -> None:
    text = effective(read("session: {agent_id: a1, metadata: {crm_token: s3cret, deep: [{password: s3cret}], count: 1}}\n"))
    assert "s3cret" not in text
    assert text.count(MASK) == 2


def test_all_that_stands_under_a_key_that_sounds_secret_is_masked() -> None:
    values = "token: [s3cret], credentials: {value: s3cret}, password: 1.5, secret: [], key: true, passwd: null, floor: 2"
    config = read(f"session: {{agent_id: a1, metadata: {{{values}}}}}\n")
    text = effective(config)
    assert "s3cret" not in text
    assert "1.5" not in text.partition("metadata")[2].partition("floor")[0]
    assert text.count(MASK) == 5
    assert "passwd: null" in text


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20) | st.sampled_from(
    ["no", "017", "12:30", "1e3", "y", "0o7", "<<", "=", "~", ""]
)


@given(
    st.dictionaries(
        TEXTS, st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False), TEXTS)
    )
)
def test_what_is_dumped_is_read_back(metadata: dict[str, str]) -> None:
    assert read(dump({"session": {"agent_id": "a1", "metadata": dict(metadata)}})).session.metadata == metadata


def test_report_of_a_good_file(tmp_path: Path) -> None:
    found = report(FOLDER / "hold.yaml")
    assert (found.ok, found.exit_code) == (True, 0)
    assert found.text.startswith("ok: ")
    assert "release_tail: 300ms" in found.text
    environ = {"VOICE_KIOSK_API_KEY": "sk_1"}
    assert report(FOLDER / "hold.yaml", environ).ok
    assert environ == {"VOICE_KIOSK_API_KEY": "sk_1"}
    assert "sk_1" not in report(FOLDER / "hold.yaml", environ).text


def test_report_of_a_missing_key(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(f"session: {{agent_id: a1}}\ncredentials: {{api_key_file: {tmp_path}/none}}\n")
    assert report(path).ok
    found = report(path, {})
    assert found.exit_code == 78
    assert "no API key" in found.text
