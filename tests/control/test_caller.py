"""Who asks: what is believed of a name, and what is said of a user who is not known."""

from __future__ import annotations

import os
import pwd

import pytest

from kiosk.control.caller import HEADER, UNKNOWN, called, introduction, own_name


@pytest.mark.parametrize(
    ("name", "uid", "words"),
    [
        ("anna", UNKNOWN, "anna (as they say)"),
        ("anna", 0, "anna (as they say; uid 0)"),
        ("HALL\\anna.m@example.com", UNKNOWN, "HALL\\anna.m@example.com (as they say)"),
        (None, 1000, "uid 1000"),
        (None, UNKNOWN, "somebody of the group"),
        ("", UNKNOWN, "somebody of the group"),
        ("uid 0", UNKNOWN, "somebody of the group"),
        ("root\n", UNKNOWN, "somebody of the group"),
        ("анна", 1000, "uid 1000"),
        ("a" * 64, UNKNOWN, f"{'a' * 64} (as they say)"),
        ("a" * 65, UNKNOWN, "somebody of the group"),
    ],
)
def test_a_name_is_their_own_word_beside_what_the_kernel_tells(name: str | None, uid: int, words: str) -> None:
    assert called(name, uid) == words


def test_who_has_used_sudo_is_named_all_the_same() -> None:
    assert introduction({"SUDO_USER": "anna"}) == {HEADER: "anna"}
    assert own_name({}) == pwd.getpwuid(os.getuid()).pw_name


@pytest.mark.parametrize("name", ["анна", "a\r\nb", "a b"])
def test_what_is_no_name_is_not_sent(name: str) -> None:
    assert introduction({"SUDO_USER": name}) == {}


def test_a_user_whom_no_list_knows_has_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 1_234_567)
    assert own_name({}) == "uid 1234567"
    assert introduction({}) == {}
