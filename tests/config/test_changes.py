"""What a new file changes, and when each key takes: every key has its answer."""

from __future__ import annotations

from typing import Final

import pytest
import yaml

from kiosk.config.changes import TAKES, Change, Takes, differences, leaves, merged
from kiosk.config.effective import MASK
from kiosk.config.model import Config
from tests.config.helpers import AGENT, read

OTHER: Final = """\
session: {url: "https://b.example.com", form: custom, custom: {path: /x, request: {a: "{agent_id}"}}, agent_id: b, metadata: {token: t},
  language: de, first_message: hi, voice_id: v, stt_provider: s, tts_provider: t, tts_voice: v, stt_language: de, room_name: r,
  participant_identity: p, prefetch: true, requests_per_minute: 4, request_timeout: 9s, connect_timeout: 29s, idle_timeout: 59s,
  max_duration: 29m}
talk: {mode: vad, release_tail: 200ms, first_words: stream}
button: {pin: 4, chip: 1, pull: none, active: high, debounce: 30ms}
vad: {aggressiveness: 1, voiced: 100ms, window: 300ms, level: -40.0, refractory: 1s, pre_roll: 500ms}
audio: {microphone: {device: m, channel: 1, gain: 1.0}, speaker: {device: s, gain: 1.0}, echo_cancellation: false,
  noise_suppression: false, gain_control: false, latency: 30ms}
led: {pin: 5, rgb: [6, 7, 8], active_high: false, brightness: 0.5, patterns: {idle: {color: "#ffffff", steps: [[1, 1s]]}}}
earcons: {volume: 0.5, files: {ended: /e.wav}}
credentials: {api_key_file: /k}
log: {level: debug, words: true}
"""


@pytest.fixture(name="other")
def every_key_changed() -> Config:
    return Config.model_validate(yaml.safe_load(OTHER))


def test_every_key_of_the_model_says_when_it_takes() -> None:
    assert list(leaves()) == sorted(TAKES, key=list(leaves()).index)
    assert set(leaves()) == set(TAKES)


def test_a_change_of_every_key_is_seen(other: Config) -> None:
    assert [change.key for change in differences(Config(), other)] == list(TAKES)
    assert differences(other, other) == []


@pytest.mark.parametrize("takes", list(Takes))
def test_what_takes_later_stays_as_it_was(other: Config, takes: Takes) -> None:
    between = merged(Config(), other, {takes})
    assert {change.key for change in differences(Config(), between)} == {key for key, when in TAKES.items() if when is takes}
    assert merged(Config(), other, set(Takes)) == other


def test_what_is_not_written_is_not_taken_for_written() -> None:
    given = merged(read(AGENT), read(f"{AGENT}talk: {{mode: vad}}\n"), set(Takes))
    assert given.session.model_fields_set == {"agent_id"}


def test_values_are_told_as_the_file_writes_them_and_secrets_are_not() -> None:
    changes = differences(
        read(f"{AGENT}led: {{rgb: [1, 2, 3]}}\n"),
        read('session: {agent_id: "no", metadata: {crm_token: s3cret, floor: 2}, idle_timeout: 90s}\ntalk: {release_tail: 1s}\n'),
    )
    assert changes == [
        Change("session.agent_id", "a1", '"no"', Takes.AFTER_CALL),
        Change("session.metadata", "{}", f"{{crm_token: '{MASK}', floor: 2}}", Takes.AFTER_CALL),
        Change("session.idle_timeout", "1m", "90s", Takes.NOW),
        Change("talk.release_tail", "300ms", "1s", Takes.NOW),
        Change("led.rgb", "[1, 2, 3]", "null", Takes.RESTART),
    ]
