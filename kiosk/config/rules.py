"""What must hold between keys, beyond the type and range of each."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from kiosk.config.model import Config, LedConfig, SessionConfig
from kiosk.config.parameters import NEEDS_AGENT, PARAMETERS, carries, given, placeholders
from kiosk.config.tree import Path
from kiosk.config.units import format_duration
from kiosk.config.urls import is_loopback, split_url


@dataclass(frozen=True, slots=True)
class Finding:
    """A broken rule: the key to point at, what is wrong and would be right, and the other keys that were looked at."""

    path: Path
    text: str
    others: tuple[Path, ...] = ()


def findings(config: Config) -> Iterator[Finding]:
    """Every rule that `config` breaks; each configuration without findings can be run."""
    yield from _address(config.session)
    yield from _form(config.session)
    yield from _parameters(config.session)
    yield from _prefetch(config.session)
    yield from _talk(config)
    yield from _pins(config)
    yield from _files(config)


def _address(session: SessionConfig) -> Iterator[Finding]:
    path: Path = ("session", "url")
    try:
        parts = split_url(session.url, ("https", "http"))
    except ValueError as error:
        yield Finding(path, str(error))
        return
    if parts.query or session.url.endswith("?"):
        yield Finding(path, "a base URL has no `?`: remove that part")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        yield Finding(path, "http would send the API key in the clear: write https:// (http is for localhost only)")


def _form(session: SessionConfig) -> Iterator[Finding]:
    form: Path = ("session", "form")
    if session.form in NEEDS_AGENT and not session.agent_id.strip():
        yield Finding(("session", "agent_id"), f"is missing: form `{session.form}` needs the public id of your voice agent", (form,))
    if session.form == "livekit" and "url" not in session.model_fields_set:
        yield Finding(("session", "url"), "is missing: form `livekit` needs the whole address of your token endpoint", (form,))
    if session.form == "custom" and session.custom is None:
        yield Finding(("session", "custom"), "is missing: form `custom` needs its request and the places of the answer's fields", (form,))
    if session.form != "custom" and session.custom is not None:
        yield Finding(("session", "custom"), "only belongs to `form: custom`: remove it, or set `session.form: custom`", (form,))
    if (custom := session.custom) and custom.end_path:
        end: Path = ("session", "custom", "end_path")
        if "{session_id}" not in custom.end_path:
            yield Finding(end, "does not say which session to end: put {session_id} into it")
        if custom.session_id is None:
            text = "is missing: `end_path` needs the key of the session's id in the answer"
            yield Finding(("session", "custom", "session_id"), text, (end,))


def _parameters(session: SessionConfig) -> Iterator[Finding]:
    form: Path = ("session", "form")
    used = set(placeholders(session.custom.request)) if session.custom else set[str]()
    for name in sorted(used.difference(PARAMETERS)):
        near = difflib.get_close_matches(name, PARAMETERS, 1)
        right = f"did you mean {{{near[0]}}}?" if near else f"one of {', '.join(PARAMETERS)} is wanted"
        yield Finding(("session", "custom", "request"), f"{{{name[:40]}}} is no parameter of the session: {right}")
    for name in given(session):
        path: Path = ("session", name)
        if not carries(session.form, name):
            yield Finding(path, f"form `{session.form}` cannot carry it: remove it, or use form `livekit` or `custom`", (form,))
        elif session.form == "custom" and session.custom and name not in used:
            yield Finding(path, f"the custom form does not send it: put {{{name}}} into `session.custom.request`, or remove it", (form,))


def _prefetch(session: SessionConfig) -> Iterator[Finding]:
    if session.prefetch and session.requests_per_minute < 2:
        text = "one request a minute leaves none for a visitor: set `requests_per_minute` to 2 or more, or prefetch to false"
        yield Finding(("session", "prefetch"), text, (("session", "requests_per_minute"),))


def _talk(config: Config) -> Iterator[Finding]:
    if config.vad.voiced > config.vad.window:
        window = format_duration(config.vad.window)
        text = f"is longer than `vad.window`, so that nothing would wake the device: at most {window} is allowed"
        yield Finding(("vad", "voiced"), text, (("vad", "window"),))
    if config.talk.mode != "vad" and config.button.pin is None:
        text = f"mode `{config.talk.mode}` needs a button: set `button.pin`, or use mode `vad`"
        yield Finding(("talk", "mode"), text, (("button", "pin"),))


def _pins(config: Config) -> Iterator[Finding]:
    if config.led.pin is not None and config.led.rgb is not None:
        yield Finding(("led", "rgb"), "is given beside `led.pin`: keep the one of the LED that is there", (("led", "pin"),))
    owners: dict[int, Path] = {}
    for path, pin in [(("button", "pin"), config.button.pin), *_led_pins(config.led)]:
        if pin is None:
            continue
        if pin in owners:
            text = f"GPIO {pin} is already used by `{'.'.join(map(str, owners[pin]))}`: give each its own line"
            yield Finding(path, text, (owners[pin],))
        owners.setdefault(pin, path)


def _led_pins(led: LedConfig) -> Iterator[tuple[Path, int | None]]:
    yield ("led", "pin"), led.pin
    for index, pin in enumerate(led.rgb or ()):
        yield ("led", "rgb", index), pin


def _files(config: Config) -> Iterator[Finding]:
    named: list[tuple[Path, str]] = [(("credentials", "api_key_file"), config.credentials.api_key_file)]
    named += [(("earcons", "files", str(earcon)), file) for earcon, file in config.earcons.files.items()]
    for path, file in named:
        if not file.startswith("/"):
            yield Finding(path, "the daemon's working directory is not yours: write the whole path from `/`")
