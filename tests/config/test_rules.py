"""What must hold between keys, each with the place of the key that breaks it."""

from __future__ import annotations

import pytest

from tests.config.helpers import AGENT, problem, problems, read

CUSTOM = "session:\n  url: https://api.example.com\n  form: custom\n"


@pytest.mark.parametrize("form", ["voice-session", "voice-start", "calls"])
def test_published_forms_need_an_agent(form: str) -> None:
    assert problem(f"session:\n  form: {form}\n") == (
        f"1:1: session.agent_id: is missing: form `{form}` needs the public id of your voice agent"
    )
    assert problem(f'session:\n  form: {form}\n  agent_id: " "\n').startswith("3:3: session.agent_id")


def test_the_token_endpoint_needs_its_own_address() -> None:
    assert problem("session: {form: livekit}\n").startswith("1:1: session.url: is missing: form `livekit`")
    assert read("session: {form: livekit, url: 'https://x.example/api/token'}\n").session.agent_id == ""


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://api.example.com", "http would send the API key in the clear: write https://"),
        ("http://192.168.1.5:8080", "in the clear"),
        ("http://localhost.example.com", "in the clear"),
        ("https://user:pw@api.example.com", "a user or password does not belong into a URL"),
        ("https://api.example.com?a=b", "a base URL has no `?`"),
        ("'https://api.example.com#a'", "points into a page"),
        ("https://api.example.com:99999", "host or port"),
        ("api.example.com", "is not right: an address such as"),
        ("'https://api example.com'", "a URL has no spaces"),
        ("https://bücher.example", "no characters beyond ASCII"),
        ("https://-x", "no usable host"),
        ("'https://[::1'", "malformed"),
        ("'https://[::1];'", "no usable host"),
        ("'https://[::1]x'", "no usable host"),
        ("https://xn--a", "no usable host"),
        ("https://www.xn--0000h.example", "no usable host"),
        ("https://api..example.com", "no usable host"),
        (f"https://{'a' * 64}.example", "no usable host"),
    ],
)
def test_addresses_that_are_refused(url: str, said: str) -> None:
    line = problem(f"session:\n  agent_id: a1\n  url: {url}\n")
    assert line.startswith("3:")
    assert said in line


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8080",
        "http://127.0.0.1:1",
        "http://127.1.2.3",
        "http://[::1]:9/v",
        "https://api.example.com/base/",
        "https://api.example.com.:443",
        "https://my_api.local",
        "https://xn--bcher-kva.example",
        "https://xn--fa-hia.example",
        "https://xn--ls8h.example",
    ],
)
def test_addresses_that_are_taken(url: str) -> None:
    assert read(f'session: {{agent_id: a1, url: "{url}"}}\n').session.url == url


@pytest.mark.parametrize("parameter", ["room_name", "participant_identity"])
def test_what_the_form_cannot_carry(parameter: str) -> None:
    said = problem(f"session:\n  agent_id: a1\n  form: calls\n  {parameter}: x\n")
    assert said == f"4:3: session.{parameter}: form `calls` cannot carry it: remove it, or use form `livekit` or `custom`"


def test_custom_needs_its_shape_and_nothing_else_may_have_one() -> None:
    assert problem(CUSTOM).startswith("1:1: session.custom: is missing: form `custom`")
    assert problem("session:\n  agent_id: a1\n  custom: {}\n").startswith("3:3: session.custom: only belongs to `form: custom`")


def test_custom_names_only_parameters_that_exist() -> None:
    said = problem(CUSTOM + '  custom:\n    request: {a: ["x {agent_di} y"]}\n')
    assert said == "5:5: session.custom.request: {agent_di} is no parameter of the session: did you mean {agent_id}?"


def test_custom_sends_every_parameter_that_is_set() -> None:
    said = problem(CUSTOM + "  language: de\n  voice_id: v\n  custom: {request: {v: '{voice_id}'}}\n")
    assert said == "4:3: session.language: the custom form does not send it: put {language} into `session.custom.request`, or remove it"


def test_custom_end_needs_an_id() -> None:
    found = problems(CUSTOM + "  custom:\n    end_path: /end\n")
    assert [line.split(": ")[1] for line in found] == ["session.custom.session_id", "session.custom.end_path"]
    assert read(CUSTOM + "  custom: {end_path: '/{session_id}/end', session_id: id}\n").session.custom is not None


def test_vad_window() -> None:
    said = problem(AGENT + "vad:\n  voiced: 500ms\n")
    assert said == "3:3: vad.voiced: is longer than `vad.window`, so that nothing would wake the device: at most 400ms is allowed"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("led: {pin: 17}\n", "led.pin"),
        ("led: {rgb: [1, 2, 1]}\n", "led.rgb.2"),
        ("led: {rgb: [1, 17, 2]}\n", "led.rgb.1"),
        ("led: {pin: 1, rgb: [2, 3, 4]}\n", "led.rgb"),
        ("button: {pin: null}\n", "talk.mode"),
        ("credentials: {api_key_file: key}\n", "credentials.api_key_file"),
        ("earcons: {files: {ended: a.wav}}\n", "earcons.files.ended"),
    ],
)
def test_hardware_and_files(text: str, path: str) -> None:
    assert problem(AGENT + text).split(": ")[1] == path


def test_prefetch_leaves_one_for_the_visitor() -> None:
    said = problem("session: {agent_id: a1, prefetch: true, requests_per_minute: 1}\n")
    assert said.startswith("1:25: session.prefetch: one request a minute leaves none for a visitor")
