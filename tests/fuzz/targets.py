"""What strangers' bytes go through, each as one call that ends quietly or with an error of ours; anything else that it raises is a finding.

One module for hypothesis (`test_fuzz.py`) and atheris (`scripts/fuzz`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, get_args

from kiosk.chronicle import Chronicle
from kiosk.config.loader import parse as parse_configuration
from kiosk.config.model import Form, SessionConfig
from kiosk.config.secrets import Secret
from kiosk.errors import ConfigError, SessionError
from kiosk.link import tell
from kiosk.room import transcripts
from kiosk.room.credential import lifetime
from kiosk.room.events import Message
from kiosk.session.answer import read_answer, seconds_left
from kiosk.session.faults import detail_of, of_redirect, of_status
from kiosk.session.forms import shape_of
from tests.fuzz.desk import MOST, stranger

_KEY: Final = Secret("the-key-itself")
_FORMS: Final = [form for form in get_args(Form) if form != "custom"]
_STATUSES: Final = (400, 401, 422, 429, 500, 503)


def configuration(data: bytes) -> None:
    """The YAML loader: a configuration, or every reason why it is none."""
    problems = _problems(data)
    assert problems is None or problems
    assert all(len(problem) < 2000 for problem in problems or ())


def _problems(data: bytes) -> list[str] | None:
    try:
        parse_configuration(data, "config.yaml")
    except ConfigError as error:
        return error.problems
    return None


def session_answer(data: bytes) -> None:
    """What the session API answers, as a session in each of its forms."""
    for form in _FORMS:
        with suppress(SessionError):
            answer = read_answer(data, shape_of(SessionConfig(form=form)))
            assert answer.url.startswith(("ws://", "wss://"))
            assert answer.token not in repr(answer)


def session_error(data: bytes) -> None:
    """What it answers when it will not: a body, and headers of the same bytes."""
    text = data.decode("latin-1")
    headers = {"Retry-After": text[:40], "Date": text[40:80], "X-RateLimit-Reset": text[:20]}
    for status in _STATUSES:
        error = of_status(status, headers, data, (_KEY,), 1.8e9)
        assert error.after is None or 1.0 <= error.after <= 3600.0
    assert len(detail_of(data, _KEY)) <= 210
    assert _KEY.reveal() not in detail_of(b'{"detail": "' + data[:100] + b' the-key-itself"}', _KEY)
    of_redirect("https://api.example.com", text)
    seconds_left(1.8e9, text, 1.8e9)


def message(data: bytes) -> None:
    """A data packet of the room: a transcript, another message, or nothing, told to the journal."""
    try:
        payload = transcripts.parse(data)
    except ValueError:
        return
    said = transcripts.from_json(payload, data[:20].decode("latin-1"), "agent")
    if said is None:
        tell(Chronicle(words=True), Message("topic", payload))
        return
    kept = transcripts.Transcripts().take(transcripts.Shape.JSON, said)
    if kept is not None:
        assert len(kept.text.encode(errors="replace")) <= transcripts.TEXT_LIMIT
        assert len(kept.segment) <= 128
        tell(Chronicle(words=True), kept)


def refreshed_token(data: bytes) -> None:
    """A token that the media server pushes."""
    lifetime(data.decode("latin-1"), 1.8e9)
    lifetime(data.decode("utf-8", "surrogateescape"), 1.8e9)


def control(data: bytes) -> None:
    """What a member of the group says at the control socket, and whether the next one is served."""
    answer = stranger().says(data)
    assert len(answer) <= MOST
    assert not answer or answer.startswith(b"HTTP/1.")


TARGETS: Final[Mapping[str, Callable[[bytes], None]]] = {
    each.__name__: each for each in (configuration, session_answer, session_error, message, refreshed_token, control)
}
