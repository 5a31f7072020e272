from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.room.events import Transcript
from kiosk.room.transcripts import JSON_LIMIT, TEXT_LIMIT, Shape, Transcripts, from_json, parse


def said(text: str, *, final: bool = True, segment: str = "S", of_visitor: bool = False) -> Transcript:
    return Transcript("agent", text, final, segment, of_visitor)


def test_the_same_words_in_two_shapes_are_told_once() -> None:
    known = Transcripts()
    assert known.take(Shape.LEGACY, said("Hello", segment="SG_1")) is not None
    assert known.take(Shape.STREAM, said("Hello ", segment="SG_2")) is None
    assert known.take(Shape.LEGACY, said("More", segment="SG_3")) is None
    assert known.take(Shape.STREAM, said("More", segment="SG_4")) is not None
    assert known.duplicates == 2


def test_words_said_twice_in_one_shape_are_told_twice() -> None:
    known = Transcripts()
    assert known.take(Shape.STREAM, said("Yes", segment="1")) is not None
    assert known.take(Shape.STREAM, said("Yes", segment="2")) is not None


def test_each_speaker_has_a_shape_of_its_own() -> None:
    known = Transcripts()
    assert known.take(Shape.STREAM, said("Hello")) is not None
    assert known.take(Shape.JSON, said("Hello", of_visitor=True)) is not None


def test_too_long_is_counted_and_empty_is_nothing() -> None:
    known = Transcripts()
    assert known.take(Shape.STREAM, said("ä" * TEXT_LIMIT)) is None
    assert known.take(Shape.STREAM, said("  ")) is None
    assert known.malformed == 1


@pytest.mark.parametrize(
    ("payload", "topic"),
    [
        ({"type": "transcript", "role": "user", "text": "Hi", "final": False, "id": "7"}, ""),
        ({"event": "user_transcript", "data": {"speaker": "user", "transcript": "Hi", "is_final": False, "segment_id": 7}}, ""),
        ({"role": "User", "content": "Hi", "isFinal": False, "segment": "7"}, "transcription"),
    ],
)
def test_json_transcripts(payload: object, topic: str) -> None:
    assert from_json(payload, topic, "agent") == Transcript("agent", "Hi", False, "7", True)


@pytest.mark.parametrize("payload", [{"type": "transcript"}, {"type": "transcript", "text": 3}, {"text": "Hi"}, [], "transcript", None, 3])
def test_other_json_is_no_transcript(payload: object) -> None:
    assert from_json(payload, "", "agent") is None


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe\x00", b"[" * 60_000, b'"' + b"x" * JSON_LIMIT + b'"'])
def test_malformed_json(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the kinds of malformed have many texts
        parse(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["type", "text", "data", "role", "final", "id"]) | st.text(), inner),
)


@given(JSON, st.text())
def test_any_json_is_taken_calmly(payload: object, topic: str) -> None:
    data = json.dumps(payload).encode()
    if len(data) <= JSON_LIMIT:
        from_json(parse(data), topic, "agent")


@given(st.binary())
def test_any_bytes_are_json_or_a_value_error(data: bytes) -> None:
    try:
        parse(data)
    except ValueError:
        return
