"""No attribute of a record keeps a secret, whatever the handler sends of it."""

from __future__ import annotations

import logging

from hypothesis import given
from hypothesis import strategies as st
from systemd.journal import JournalHandler

from kiosk.system.redact import MASK, RedactingFilter, redacted, register_secret
from tests.parts.token import mint

KEY = "sk_live_4711aboutSEVEN"
TOKEN = mint("devkey", "s" * 32, room="room", identity="me")


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError(KEY)


def spoiled() -> logging.LogRecord:
    """A record with secrets wherever a record can hold one."""
    try:
        try:
            raise ValueError(f"refused {KEY}")
        except ValueError as error:
            raise RuntimeError(TOKEN) from error
    except RuntimeError as error:
        record = logging.LogRecord(
            "kiosk.session", logging.ERROR, "x.py", 1, "asked with %s and %s", (KEY, [TOKEN]), (type(error), error, None)
        )
    record.stack_info = f"stack {TOKEN}"
    record.answer = {"token": TOKEN, KEY: [{"deep": (KEY,)}], "count": 3}
    record.grant = Unprintable()
    record.attempt = 2
    return record


def test_nothing_of_a_record_keeps_a_secret() -> None:
    register_secret(KEY)
    record = spoiled()
    assert RedactingFilter().filter(record)
    assert KEY not in repr(vars(record))
    assert TOKEN not in repr(vars(record))
    assert record.getMessage() == f"asked with {MASK} and ['{MASK}']"
    assert record.exc_text is not None
    assert f"ValueError: refused {MASK}" in record.exc_text
    assert vars(record)["attempt"] == 2


def test_systemds_own_handler_sends_no_secret() -> None:
    register_secret(KEY)
    sent: list[object] = []

    def send(message: str, /, **fields: object) -> None:
        sent.append((message, fields))

    handler = JournalHandler(sender_function=send)
    handler.addFilter(RedactingFilter())
    handler.handle(spoiled())
    assert len(sent) == 1
    assert KEY not in repr(sent)
    assert TOKEN not in repr(sent)


def test_a_message_that_cannot_be_formatted_is_logged_all_the_same() -> None:
    record = logging.LogRecord("kiosk", logging.INFO, "x.py", 1, "%d", ("word",), None)
    assert RedactingFilter().filter(record)
    assert "%d" in record.getMessage()


def test_headers_and_short_words() -> None:
    register_secret("abc")
    assert redacted("Authorization: Bearer abcdef123456") == f"Authorization: Bearer {MASK}"
    assert redacted("abc") == "abc"


@given(st.text(), st.text(min_size=6), st.text())
def test_a_registered_secret_never_passes(before: str, secret: str, after: str) -> None:
    register_secret(secret)
    assert secret not in redacted(before + secret + after) or secret in MASK
