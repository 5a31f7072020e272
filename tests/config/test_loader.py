"""From text to Config: every kind of mistake is named with its place and with what would be right."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kiosk.config.loader import parse
from kiosk.config.model import Config
from kiosk.config.tree import Tree
from kiosk.errors import ConfigError
from kiosk.signals import Indication
from tests.config.helpers import AGENT, problem, problems, read


def test_only_the_agent_is_needed() -> None:
    config = read(AGENT)
    assert config.session.agent_id == "a1"
    assert config.model_copy(update={"session": Config().session}) == Config()


def test_values_of_every_kind_arrive() -> None:
    config = read(
        AGENT + "vad: {level: -40, voiced: 300ms}\nled: {rgb: [1, 2, 3], brightness: 1, patterns: {idle: "
        '{color: "#00ff00", steps: [[1, 1s], [0.5, 20ms]]}}}\nbutton: {pin: null}\ntalk: {mode: vad}\n'
    )
    assert config.vad.level == -40.0
    assert config.led.patterns[Indication.IDLE].steps == ((1.0, 1.0), (0.5, 0.02))
    assert config.led.rgb == (1, 2, 3)
    assert config.button.pin is None


@pytest.mark.parametrize("text", ["", "# nothing\n", "\ufeff# with a byte order mark\n", "session:\n", "---\n...\n"])
def test_empty_texts_and_headings_mean_the_defaults(text: str) -> None:
    assert problem(text).endswith("session.agent_id: is missing: form `voice-session` needs the public id of your voice agent")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sesion: 1\n", "2:1: sesion: unknown key: did you mean `session`?"),
        ("talk: {mod: hold}\n", "2:8: talk.mod: unknown key: did you mean `mode`?"),
        ("talk: {qqq: 1}\n", "2:8: talk.qqq: unknown key: one of mode, release_tail, first_words is wanted here"),
        ("mode: hold\n", "2:1: mode: unknown key here: did you mean `talk.mode`?"),
        ("talk:\n  mode: Hold\n", "3:9: talk.mode: `Hold` is not known: one of hold, toggle, vad is wanted (did you mean `hold`?)"),
        ("log: {words: 1}\n", "2:14: log.words: `1` is a whole number: true or false is wanted"),
        ('log: {words: "true"}\n', "2:14: log.words: `true` is a text: true or false is wanted"),
        ('button: {pin: "17"}\n', "2:15: button.pin: `17` is a text: a whole number without quotes is wanted"),
        ("button: {pin: 4.5}\n", "2:15: button.pin: `4.5` is a number with a point: a whole number without quotes is wanted"),
        ("button: {chip: true}\n", "2:16: button.chip: `true` is a truth value: a whole number without quotes is wanted"),
        ("button: {pin: 54}\n", "2:15: button.pin: `54` is out of range: 0 to 53 is allowed"),
        ("button: {debounce: 1s}\n", "2:20: button.debounce: `1s` is out of range: 1ms to 200ms is allowed"),
        ("button: {debounce: 20}\n", "2:20: button.debounce: `20`: a duration needs a number and a unit, such as `20s` or `20ms`"),
        ("button: {debounce: }\n", '2:19: button.debounce: is empty: a duration such as "30s" or "500ms" is wanted, or remove the line'),
        ("vad: {level: loud}\n", "2:14: vad.level: `loud` is a text: a number without quotes is wanted"),
        ("vad: {level: -91}\n", "2:14: vad.level: `-91` is out of range: -90 to 0 is allowed"),
        ("earcons: {volume: 1.5}\n", "2:19: earcons.volume: `1.5` is out of range: 0 to 1 is allowed"),
        ("led: {rgb: [1, 2]}\n", "2:7: led.rgb.2: is missing: one more entry is wanted"),
        ("led: {rgb: 5}\n", "2:12: led.rgb: `5` is a whole number: a list is wanted: [a, b]"),
        ("audio: 5\n", "2:8: audio: `5` is a whole number: a group of keys is wanted"),
        ("audio: [1]\n", "2:8: audio: the value is a list: a group of keys is wanted"),
        ("audio: {speaker: {gian: 1.0}}\n", "2:19: audio.speaker.gian: unknown key: did you mean `gain`?"),
    ],
)
def test_one_mistake_one_line(text: str, said: str) -> None:
    assert problem(AGENT + text) == said


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ('idel: {color: "#00ff00", steps: [[1, 1s]]}', "led.patterns.idel: `idel` is not known: one of starting, idle"),
        ("idle: {color: #00ff00\n, steps: [[1, 1s]]}", 'color: is empty: a colour such as "#ff8800" is wanted, in quotes'),
        ("idle: {color: green, steps: [[1, 1s]]}", "color: `green` is not right: a colour such as"),
        ('idle: {color: "#00ff00", steps: []}', "steps: has 0 entries: 1 to 16 are wanted"),
        ('idle: {color: "#00ff00", steps: [[2, 1s]]}', "steps.0.0: `2` is out of range: at most 1 is allowed"),
        ('idle: {color: "#00ff00", steps: [[1, 0s]]}', "steps.0.1: `0s` is out of range: at least 20ms is allowed"),
        ('idle: {color: "#00ff00", steps: [[1]]}', "steps.0.1: is missing"),
        ('idle: {color: "#00ff00"}', "led.patterns.idle.steps: is missing: it has no default"),
    ],
)
def test_patterns(pattern: str, said: str) -> None:
    assert said in problem(AGENT + f"led: {{patterns: {{{pattern}}}}}\n")


def test_all_at_once_and_in_the_order_of_the_file() -> None:
    found = problems(
        "session:\n  url: ftp://x\n  metadata: {a: no}\ntalk: {mode: nod}\n"
        "vad: {voiced: 2s, window: 1s}\nlog: {level: loud}\nled: {pin: 17}\n"
    )
    assert [line.split(": ")[1] for line in found] == [
        "session.agent_id", "session.url", "session.metadata.a", "talk.mode", "vad.voiced", "log.level", "led.pin",
    ]  # fmt: skip


def test_a_rule_is_not_judged_by_a_value_that_is_wrong_itself() -> None:
    assert problem(AGENT + "vad: {voiced: 2s, window: 1}\n").startswith("2:27: vad.window")


def test_the_api_key_has_no_place_and_is_not_repeated() -> None:
    said = problem("session: {agent_id: a1, api_key: sk_live_1234}\n") + problem(AGENT + "credentials: sk_live_1234\n")
    assert "sk_live" not in said
    assert "credentials.api_key_file" in said


def outcome(data: bytes) -> Config | list[str]:
    try:
        return parse(data, "f.yaml")
    except ConfigError as error:
        return error.problems


YAMLISH = st.text(alphabet=st.sampled_from(list("abno:{}[]-#&*!|>'\"%@`,?~ \n\t0123456789.ae_<=\\ux")), max_size=200)


@given(
    st.one_of(
        st.binary(max_size=300), st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")), YAMLISH.map(str.encode)
    )
)
@example(b'session: {agent_id: "\\ud800"}')
@example(b'"\\0": 1')
@example(b"? [a]\n: b\n? {c: d}\n: e")
@example(b"!!python/object:os.system x")
@example(b"- &a [*a]")
@example(b"session: {metadata: {? : 1}}")
@example(b"session: {agent_id: " + b"9" * 5000 + b"}")
@example(b"session: {metadata: {a: 1.0e999, b: .inf, c: 0b, d: 1e999999999}}")
def test_whatever_the_bytes_it_is_a_config_or_a_config_error(data: bytes) -> None:
    found = outcome(data)
    assert isinstance(found, Config) or (found and all(problem.startswith("f.yaml:") and "\n" not in problem for problem in found))


def test_a_defect_of_the_reading_is_a_config_error_that_names_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def defective(text: str) -> Tree:
        raise LookupError(text)

    monkeypatch.setattr("kiosk.config.loader.read_tree", defective)
    [said] = problems("session: {api_key: sk_live_1234}\n")
    assert said.startswith(" reading it failed by a defect of voice-kiosk (LookupError at test_loader.py:")
    assert "sk_live" not in said


KEYS = st.sampled_from(["session", "agent_id", "led", "rgb", "patterns", "idle", "vad", "voiced", "custom", "request", "form", "x"])
TREES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 60), st.sampled_from(["custom", "5s", "{agent_id}", "{x}", "#ff0000"])),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=25,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(Config.model_fields, TREES)))
def test_whatever_the_values_it_is_a_config_or_a_config_error(values: dict[str, object]) -> None:
    assert outcome(json.dumps(values).encode())
