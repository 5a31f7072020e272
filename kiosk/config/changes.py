"""What differs between two configurations, and when the daemon takes each key: at once, after the call, or with a restart."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar, cast

from pydantic import BaseModel, JsonValue

from kiosk.config.effective import dump_inline, shown
from kiosk.config.model import Config, Section

_S = TypeVar("_S", bound=Section)


class Takes(StrEnum):
    """When a changed key is in force after a reload."""

    NOW = "at once"
    AFTER_CALL = "after the call"
    """At once where no call runs: a call goes on by what it began with."""
    RESTART = "with a restart"


_NOW, _CALL, _RESTART = Takes.NOW, Takes.AFTER_CALL, Takes.RESTART
TAKES: Final[dict[str, Takes]] = {
    # What the API is told, and where it is, makes the session: a call that is cut off and rejoined must find the same agent.
    "session.url": _CALL,
    "session.form": _CALL,
    "session.custom": _CALL,
    "session.agent_id": _CALL,
    "session.metadata": _CALL,
    "session.language": _CALL,
    "session.first_message": _CALL,
    "session.voice_id": _CALL,
    "session.stt_provider": _CALL,
    "session.tts_provider": _CALL,
    "session.tts_voice": _CALL,
    "session.stt_language": _CALL,
    "session.room_name": _CALL,
    "session.participant_identity": _CALL,
    "session.prefetch": _CALL,
    "session.requests_per_minute": _CALL,
    "session.request_timeout": _CALL,
    # Their time runs from the call's beginning.
    "session.connect_timeout": _CALL,
    "session.max_duration": _CALL,
    "session.idle_timeout": _NOW,
    # What a press means must not change under the visitor's finger.
    "talk.mode": _CALL,
    "talk.release_tail": _NOW,
    "talk.first_words": _CALL,
    # The lines are claimed once: whoever changes them changes wires.
    "button.pin": _RESTART,
    "button.chip": _RESTART,
    "button.pull": _RESTART,
    "button.active": _RESTART,
    "button.debounce": _NOW,
    "vad.aggressiveness": _NOW,
    "vad.voiced": _NOW,
    "vad.window": _NOW,
    "vad.level": _NOW,
    "vad.refractory": _NOW,
    "vad.pre_roll": _NOW,
    # A device is closed and opened again; a canceller begins to learn the room anew.
    "audio.microphone.device": _CALL,
    "audio.microphone.channel": _CALL,
    "audio.microphone.gain": _NOW,
    "audio.speaker.device": _CALL,
    "audio.speaker.gain": _NOW,
    "audio.echo_cancellation": _CALL,
    "audio.noise_suppression": _CALL,
    "audio.gain_control": _CALL,
    "audio.latency": _CALL,
    "led.pin": _RESTART,
    "led.rgb": _RESTART,
    "led.active_high": _RESTART,
    "led.brightness": _NOW,
    "led.patterns": _NOW,
    "earcons.volume": _NOW,
    "earcons.files": _NOW,
    # The key is read once, and taken out of the environment then.
    "credentials.api_key_file": _RESTART,
    "log.level": _NOW,
    "log.words": _NOW,
}
"""Every key of the model that holds a value."""


@dataclass(frozen=True, slots=True)
class Change:
    """A key with its old and new value as the file writes them (what sounds secret is masked), and when it takes."""

    key: str
    old: str
    new: str
    takes: Takes


def differences(old: Config, new: Config) -> list[Change]:
    """The keys whose values differ, in the file's order."""
    before, after = shown(old), shown(new)
    return [
        Change(key, dump_inline(_at(before, key)), dump_inline(_at(after, key)), takes)
        for key, takes in TAKES.items()
        if _value(old, key) != _value(new, key)
    ]


def merged(base: Config, other: Config, takes: Collection[Takes]) -> Config:
    """`base` with the values of `other` where they take at one of these times. What holds between keys is not looked at."""
    return _merged(base, other, "", takes)


def leaves(model: type[BaseModel] = Config, above: str = "") -> Iterator[str]:
    """Every key of the model that holds a value, dotted."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from leaves(field.annotation, f"{above}{name}.")
        else:
            yield f"{above}{name}"


def _merged(base: _S, other: _S, above: str, allowed: Collection[Takes]) -> _S:
    update: dict[str, Any] = {}
    for name in type(base).model_fields:
        old, new, key = getattr(base, name), getattr(other, name), f"{above}{name}"
        if old == new:
            continue
        if key not in TAKES:
            update[name] = _merged(old, new, f"{key}.", allowed)
        elif TAKES[key] in allowed:
            update[name] = new
    return base.model_copy(update=update) if update else base


def _value(config: Config, key: str) -> object:
    value: object = config
    for part in key.split("."):
        value = getattr(value, part)
    return value


def _at(values: JsonValue, key: str) -> JsonValue:
    for part in key.split("."):
        values = cast("dict[str, JsonValue]", values)[part]
    return values
