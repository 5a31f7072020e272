"""The reader of all log records finds what it is there to find."""

from __future__ import annotations

import logging

import pytest

from kiosk.config.secrets import Secret
from kiosk.session.grant import Grant
from tests.secrecy import Reader

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0abc.c2lnbmF0dXJl"


def leaks(*, logger: str, message: str, **extra: object) -> list[str]:
    """The fields in which a reader finds a secret; it knows one secret and one token."""
    reader = Reader()
    reader.learn("the-key-itself")
    reader.look(logging.makeLogRecord({"name": logger, "msg": message, **extra}))
    return [field for _, field, _ in reader.leaks]


@pytest.mark.parametrize(
    ("extra", "fields"),
    [
        ({"message": "the-key-itself"}, ["message", "MESSAGE"]),
        ({"message": "joined", "token": "the-key-itself"}, ["token", "KIOSK_TOKEN"]),
        ({"message": "joined", "fields": {"deep": ["the-key-itself"]}}, ["fields", "KIOSK_DEEP"]),
        ({"message": f"joined with {TOKEN}"}, ["message"]),
        ({"message": "nothing"}, []),
    ],
)
def test_a_leak_of_our_own_is_found_before_and_after_redaction(extra: dict[str, object], fields: list[str]) -> None:
    assert leaks(logger="kiosk.room", **extra) == fields  # type: ignore[arg-type]


def test_a_library_may_log_a_token_but_the_journal_never_gets_it() -> None:
    assert leaks(logger="livekit", message=f"connecting with {TOKEN}") == []
    assert leaks(logger="livekit", message="connecting with the-key-itself") == ["MESSAGE"]


def test_the_runs_own_reader_learns_secrets_as_they_are_made_and_reads_debug_records(secrecy: Reader) -> None:
    Secret("a-new-key")
    Grant("wss://a", "a-new-token", None, None, 0.0)
    logging.getLogger("kiosk.test").debug("a-new-key")
    logging.getLogger("kiosk.test").debug("joined", extra={"fields": {"token": "a-new-token"}})
    found, secrecy.leaks = secrecy.leaks, []
    assert [field for _, field, _ in found] == ["message", "MESSAGE", "fields", "KIOSK_TOKEN"]
    assert not logging.getLogger("kiosk.test").handlers
