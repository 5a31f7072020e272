"""What a real daemon really sends to systemd's journal: the datagrams, read at a socket that is mounted in the journal's place."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

from kiosk.control.caller import called, own_name
from kiosk.control.client import ask
from kiosk.system.messages import MESSAGE_IDS
from tests.parts.process import ROOT

KEY = "journal-key-0987654321"
CONFIG = """\
session: {agent_id: journal, url: "http://127.0.0.1:9"}
talk: {mode: toggle}
audio: {microphone: {device: nowhere}, speaker: {device: nowhere}}
"""
"""No device is opened: of one that fails PortAudio writes a line of its own, which is let through (kiosk/audio/stderr.py)."""
IN_PLACE = 'mount -t tmpfs none /run && mkdir -p /run/systemd/journal && mount --bind "$1" /run/systemd/journal && shift && exec "$@"'


class Journal:
    """journald's end: every record as its fields."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.records: list[dict[str, str]] = []
        self.raw = b""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(folder / "socket"))

    def until(self, message: str, limit: float) -> dict[str, str]:
        """Read until there is a record whose message begins like this."""
        end = time.monotonic() + limit
        while True:
            for record in self.records:
                if record["MESSAGE"].startswith(message):
                    return record
            self._socket.settimeout(max(0.01, end - time.monotonic()))
            datagram = self._socket.recv(1 << 20)
            self.raw += datagram
            self.records.append(fields(datagram))

    def close(self) -> None:
        self._socket.close()


def fields(datagram: bytes) -> dict[str, str]:
    """systemd's native protocol: `NAME=value`, or a name alone, eight bytes of length and the value."""
    told: dict[str, str] = {}
    while datagram:
        head, _, datagram = datagram.partition(b"\n")
        name, given, value = head.partition(b"=")
        if not given:
            (length,) = struct.unpack("<Q", datagram[:8])
            value, datagram = datagram[8 : 8 + length], datagram[8 + length + 1 :]
        told[name.decode()] = value.decode()
    return told


def test_a_real_daemons_records_have_their_fields_and_no_secret(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG)
    journal, errors, control = Journal(tmp_path / "journal"), tmp_path / "stderr", tmp_path / "control.sock"
    errors.touch()
    status = errors.stat()
    environment = {
        **os.environ,
        "JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}",
        "VOICE_KIOSK_API_KEY": KEY,
        "PYTHONPATH": str(ROOT),
    }
    namespace = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-c", IN_PLACE, "sh", journal.folder]
    with errors.open("wb") as stderr:
        process = subprocess.Popen(
            [*namespace, sys.executable, "-m", "kiosk", "run", "--config", "config.yaml", "--socket", control],
            cwd=tmp_path,
            env=environment,
            stderr=stderr,
        )
    try:
        idle = journal.until("state state=idle", 30)
        assert idle["MESSAGE_ID"] == MESSAGE_IDS["state"]
        assert (idle["PRIORITY"], idle["SYSLOG_IDENTIFIER"], idle["KIOSK_STATE"]) == ("6", "voice-kiosk", "idle")
        fault = journal.until("microphone-missing:", 10)
        assert (fault["MESSAGE_ID"], fault["PRIORITY"]) == (MESSAGE_IDS["fault"], "4")
        assert (fault["KIOSK_FAULT"], fault["KIOSK_AREA"]) == ("microphone-missing", "microphone")
        ask(control, "POST", "/press")
        assert journal.until("press, ordered by", 5)["KIOSK_WHO"] == called(own_name(os.environ), os.geteuid())
        assert journal.until("state state=connecting", 5)["KIOSK_ATTEMPT"] == "1"
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    journal.until("state state=stopping", 5)
    journal.close()
    assert KEY.encode() not in journal.raw
    assert errors.read_text() == ""
    assert all(set(record) >= {"MESSAGE", "PRIORITY", "LOGGER", "CODE_FILE", "CODE_LINE"} for record in journal.records)
