"""What the kernel tells of sound cards, from a tree as it writes one."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from kiosk.audio.kernel import look


def write(asound: Path, stream: str, status: str) -> None:
    (asound / stream).mkdir(parents=True, exist_ok=True)
    (asound / stream / "status").write_text(status)


def running(owner: int) -> str:
    return f"state: RUNNING\nowner_pid   : {owner}\ntrigger_time: 20.1\ntstamp      : 0.0\n"


def test_streams_of_other_programs_are_taken_and_our_own_are_not(tmp_path: Path) -> None:
    (tmp_path / "cards").write_text(" 1 [Device         ]: USB-Audio - USB Audio\n")
    write(tmp_path, "card1/pcm0c/sub0", running(1 if os.getpid() != 1 else 2))
    write(tmp_path, "card1/pcm0p/sub0", running(threading.get_native_id()))
    write(tmp_path, "card1/pcm1p/sub0", "closed\n")
    assert look(tmp_path).taken == {"card1/pcm0c/sub0"}
    assert "USB Audio" in look(tmp_path).cards


def test_a_list_is_worth_renewing_when_something_came_or_became_free(tmp_path: Path) -> None:
    write(tmp_path, "card1/pcm0c/sub0", "closed\n")
    (tmp_path / "cards").write_text("one card")
    free = look(tmp_path)
    write(tmp_path, "card1/pcm0c/sub0", running(1))
    taken = look(tmp_path)
    assert not free.richer(free)
    assert not taken.richer(free), "what PortAudio has listed stays listed while another program has it"
    assert free.richer(taken)
    (tmp_path / "cards").write_text("two cards")
    assert look(tmp_path).richer(taken)


def test_a_kernel_without_sound_is_no_error(tmp_path: Path) -> None:
    nothing = look(tmp_path / "none")
    assert (nothing.cards, nothing.taken) == ("", frozenset())
