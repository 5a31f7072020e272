"""Control over its real socket: what it answers, and that no client, full, slow or malicious, harms anything."""

from __future__ import annotations

import asyncio
import json
import os
import time
from contextlib import suppress
from pathlib import Path

import pytest

from kiosk.control import crowd, server
from kiosk.control.caller import HEADER
from kiosk.control.client import ask
from kiosk.control.record import Status
from kiosk.errors import NoAnswerError
from tests.control.board import STATUS, Desk, desk, until


def listeners(made: Desk) -> set[object]:
    """Those who listen now."""
    return vars(made.control)["_listeners"]


async def test_the_status_is_the_record(tmp_path: Path) -> None:
    async with desk(tmp_path / "s") as made:
        code, answer = await made.ask("GET", "/status")
        assert (code, Status.model_validate(answer)) == (200, STATUS)


@pytest.mark.parametrize("order", ["press", "release", "mute", "unmute", "hangup"])
async def test_orders_reach_the_board_with_the_name_of_who_gives_them(tmp_path: Path, order: str) -> None:
    async with desk(tmp_path / "s") as made:
        assert await made.ask("POST", f"/{order}") == (200, {"said": f"{order}: done", "state": "idle", "indication": "idle"})
        assert made.board.obeyed == [(order, f"uid {os.geteuid()}")]
        assert (await made.ask("GET", f"/{order}"))[0] == 405
        assert len(made.board.obeyed) == 1


@pytest.mark.parametrize(("name", "who"), [("anna", "anna (as they say; uid {})"), ("anna and more", "uid {}"), ("x" * 65, "uid {}")])
async def test_who_gives_an_order_may_say_their_name(tmp_path: Path, name: str, who: str) -> None:
    async with desk(tmp_path / "s") as made:
        await made.raw(f"POST /press HTTP/1.1\r\nHost: kiosk\r\n{HEADER}: {name}\r\n\r\n".encode())
        assert made.board.obeyed == [("press", who.format(os.geteuid()))]


@pytest.mark.parametrize(
    ("body", "code", "gain"),
    [
        (b'{"gain_db": -6.5}', 200, -6.5),
        (b'{"gain_db": 12}', 200, 12.0),
        (b'{"gain_db": 12.1}', 400, 0.0),
        (b'{"gain_db": -61}', 400, 0.0),
        (b'{"gain_db": 1e999}', 400, 0.0),
        (b'{"gain_db": NaN}', 400, 0.0),
        (b'{"gain_db": "loud"}', 400, 0.0),
        (b'{"gain_db": 1, "more": 2}', 400, 0.0),
        (b"{}", 400, 0.0),
        (b"[" * 900, 400, 0.0),
        (b"\xff\xfe", 400, 0.0),
        (b'{"gain_db": 1' + b" " * 2000 + b"}", 413, 0.0),
    ],
)
async def test_the_volume_is_checked_before_it_is_set(tmp_path: Path, body: bytes, code: int, gain: float) -> None:
    async with desk(tmp_path / "s") as made:
        said = await made.ask("POST", "/volume", body)
        assert said[0] == code
        assert made.board.gain == gain
        assert set(said[1]) == ({"gain_db", "configured_db"} if code == 200 else {"error"})


@pytest.mark.parametrize(
    "garbage",
    [
        b"\0" * 4000,
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /status HTTP/1.1\r\nX: " + b"a" * 10_000 + b"\r\n\r\n",
        b"GET /status HTTP/1.1\r\n" + b"".join(b"X%d: y\r\n" % n for n in range(500)) + b"\r\n",
        b"POST /press HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET /../../etc/shadow HTTP/1.1\r\nHost: a\r\n\r\n",
        os.urandom(100_000),
        b"GET /status HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n" + b"a" * 30_000,
    ],
)
async def test_garbage_gets_an_error_or_the_door(tmp_path: Path, garbage: bytes) -> None:
    async with desk(tmp_path / "s") as made:
        # The last one asks well before it talks on.
        assert not (await made.raw(garbage)).startswith(b"HTTP/1.1 200") or b"chunked" in garbage
        assert made.board.obeyed == []
        assert (await made.ask("GET", "/status"))[0] == 200


async def test_a_client_that_never_finishes_its_request_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "PATIENCE", 0.3)
    async with desk(tmp_path / "s") as made:
        began = time.monotonic()
        assert await made.raw(b"GET /sta") == b""
        assert await made.raw(b"POST /volume HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{") == b""
        assert await made.raw(b"") == b""
        assert time.monotonic() - began > 0.8


async def test_a_reload_takes_the_time_that_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "PATIENCE", 0.1)
    async with desk(tmp_path / "s") as made:
        made.board.reloading = 0.4
        assert (await made.ask("POST", "/reload"))[1]["words"] == "in force: log.words"


async def test_who_is_cut_off_is_not_told_that_nobody_is_there(tmp_path: Path) -> None:
    path = tmp_path / "s"

    async def cut(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_unix_server(cut, path):
        with pytest.raises(NoAnswerError, match="went away while it was asked") as caught:
            await asyncio.to_thread(ask, path, "GET", "/status")
    assert not caught.value.absent
    with pytest.raises(NoAnswerError, match="is not running") as caught:
        await asyncio.to_thread(ask, path, "GET", "/status")
    assert caught.value.absent


async def test_a_thousand_connections_harm_neither_the_loop_nor_the_next_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "PATIENCE", 0.2)
    lag = 0.0

    async def measure() -> None:
        nonlocal lag
        while True:
            before = time.thread_time()
            await asyncio.sleep(0.005)
            lag = max(lag, time.thread_time() - before)

    async with desk(tmp_path / "s") as made:
        descriptors = len(os.listdir("/proc/self/fd"))
        flood = await asyncio.create_subprocess_exec(
            "python3", "-c", _FLOOD, str(made.path), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        assert flood.stdout is not None
        await flood.stdout.readline()
        measuring = asyncio.create_task(measure())
        began = time.monotonic()
        assert Status.model_validate(await asyncio.to_thread(ask, made.path, "GET", "/status")) == STATUS
        answered = time.monotonic() - began
        inside = len(os.listdir("/proc/self/fd")) - descriptors
        measuring.cancel()
        flood.kill()
        await flood.wait()
        print(f"\namong 1,000 connections: answered after {answered:.2f} s, {inside} descriptors, loop busy at most {lag * 1000:.1f} ms")
        assert inside <= crowd.MOST + 12
        assert lag < 0.1


_FLOOD = """
import socket, sys
held = []
for number in range(1000):
    client = socket.socket(socket.AF_UNIX)
    client.setblocking(False)
    try:
        client.connect(sys.argv[1])
        client.send(b"GET /status HT")
    except OSError:
        pass
    held.append(client)
print("there", flush=True)
sys.stdin.read()
"""


async def test_events_begin_with_the_state_and_go_on_until_the_listener_leaves(tmp_path: Path) -> None:
    async with desk(tmp_path / "s") as made:
        reader, writer = await asyncio.open_unix_connection(made.path)
        writer.write(b"GET /events HTTP/1.0\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"application/x-ndjson" in head
        first = json.loads(await reader.readline())
        assert (first["event"], first["state"]) == ("state", "idle")
        made.control.tell("transcript", {"who": "agent"}, "hello ✓")
        told = json.loads(await reader.readline())
        assert (told["event"], told["who"], told["words"]) == ("transcript", "agent", "hello ✓")
        assert told["at"].endswith("+00:00")
        writer.close()
        await until(lambda: not listeners(made))


async def test_what_was_said_does_nothing_to_a_terminal_and_stays_readable(tmp_path: Path) -> None:
    said = "Grüße ✓ \x9b2J\x1b[2J\x7f\u202e\u2028\ud800\U000e0001 日本"
    async with desk(tmp_path / "s") as made:
        reader, writer = await asyncio.open_unix_connection(made.path)
        writer.write(b"GET /events HTTP/1.0\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        await reader.readline()
        made.control.tell("transcript", {}, said)
        line = (await reader.readline()).decode()
        writer.close()
    assert line.removesuffix("\n").isprintable()
    assert "Grüße ✓ " in line
    assert "日本" in line
    assert json.loads(line)["words"] == said


async def test_what_leaves_is_cleaned(tmp_path: Path) -> None:
    async with desk(tmp_path / "s") as made:
        made.control.clean = lambda text: text.replace("config.yaml", "•••")
        _, answer = await made.ask("GET", "/status")
        assert answer["configuration"]["file"] == "•••"


async def test_a_listener_that_does_not_read_loses_events_and_is_told_how_many(tmp_path: Path) -> None:
    async with desk(tmp_path / "s") as made:
        reader, writer = await asyncio.open_unix_connection(made.path, limit=4096)
        writer.write(b"GET /events HTTP/1.0\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        for number in range(3000):
            made.control.tell("message", {"number": number}, "x" * 1000)
            if number % 100 == 0:
                await asyncio.sleep(0)
        seen: list[int] = []
        dropped = 0
        async with asyncio.timeout(10):
            while not seen or seen[-1] != 2999:
                event = json.loads(await reader.readline())
                assert event["at"].endswith("+00:00")
                dropped += event.get("count", 0)
                seen += [event["number"]] if "number" in event else []
        writer.close()
        print(f"\n{dropped} of 3,000 events dropped for a listener that slept")
        assert dropped > 0
        assert len(seen) + dropped == 3000
        assert seen == sorted(seen)


async def test_a_listener_that_never_reads_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "DEAF", 0.2)
    async with desk(tmp_path / "s") as made:
        _, writer = await asyncio.open_unix_connection(made.path, limit=1024)
        writer.write(b"GET /events HTTP/1.0\r\n\r\n")
        await until(lambda: listeners(made))

        def given_up() -> bool:
            made.control.tell("message", {}, "x" * 50_000)
            return not listeners(made)

        await until(given_up)
        writer.close()


async def test_listeners_leave_room_for_others(tmp_path: Path) -> None:
    async with desk(tmp_path / "s") as made:
        writers: list[asyncio.StreamWriter] = []
        for _ in range(server.LISTENERS):
            reader, writer = await asyncio.open_unix_connection(made.path)
            writer.write(b"GET /events HTTP/1.0\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
            writers.append(writer)
        code, answer = await made.ask("GET", "/events")
        assert (code, answer["error"]) == (503, "8 others listen already: stop one of them")
        assert (await made.ask("GET", "/status"))[0] == 200
        for writer in writers:
            writer.close()


async def test_a_second_daemon_says_so_once_and_takes_over_when_the_first_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "s"
    async with desk(path):
        late = Desk(path)
        second = asyncio.create_task(late.control.run())
        await until(lambda: late.faults)
    await until(lambda: late.faults[-1] is None)
    assert [error and error.code for error in late.faults] == ["control-taken", None]
    assert (await late.ask("GET", "/status"))[0] == 200
    second.cancel()
    with suppress(asyncio.CancelledError):
        await second
