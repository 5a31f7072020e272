"""A real livekit-server on loopback, to be started, killed, frozen and restarted at will."""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import cast

import aiohttp

from tests.parts.process import ROOT, free_port, guarded
from tests.parts.token import ADMIN, mint

START_LIMIT = 10.0
"""Seconds a start may take; measured 0.3 s on two idle cores."""
POLL = 0.02

CONFIGURATION = """\
port: {port}
bind_addresses: ["127.0.0.1"]
rtc:
  node_ip: {node_ip}
  use_external_ip: false
  enable_loopback_candidate: {loopback}
  ips: {{includes: {ips}}}
  tcp_port: {tcp_port}
  udp_port: {udp_port}
  # Otherwise every participant is sent to STUN servers on the internet.
  stun_servers: ["127.0.0.1:{udp_port}"]
keys:
  {key}: {secret}
logging:
  level: info
"""


def server_binary() -> Path:
    """The server that `scripts/livekit-server` finds or builds (minutes, the first time)."""
    done = subprocess.run([ROOT / "scripts" / "livekit-server"], check=True, stdout=subprocess.PIPE, text=True)
    return Path(done.stdout.strip().splitlines()[-1])


class LiveKitServer:
    """One server process with ports of its own; `with` or `async with` starts and stops it. Use from the main thread.

    url: ws://127.0.0.1:…; key, secret: what tokens are signed with; log: file with everything it said.
    node_ip: the address of this machine at which its media is reached.
    """

    def __init__(self, binary: Path, folder: Path | None = None, *, node_ip: str = "127.0.0.1") -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="livekit-server-")) if folder is None else folder
        self._binary = binary
        self._process: subprocess.Popen[bytes] | None = None
        self.key = "devkey"
        self.secret = secrets.token_hex(24)
        self.port = free_port()
        self.log = self._folder / "livekit-server.log"
        self._configuration = self._folder / "livekit-server.yaml"
        alone = node_ip == "127.0.0.1"
        self._configuration.write_text(
            CONFIGURATION.format(
                port=self.port,
                node_ip=node_ip,
                loopback="true" if alone else "false",
                ips="[]" if alone else f"[{node_ip}/32]",
                tcp_port=free_port(),
                udp_port=free_port(socket.SOCK_DGRAM),
                key=self.key,
                secret=self.secret,
            )
        )

    @property
    def url(self) -> str:
        """What a participant connects to."""
        return f"ws://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The running server's process."""
        return self._running().pid

    def token(self, identity: str, room: str, *, ttl: float = 300.0, kind: str | None = None) -> str:
        """A token to join `room` here."""
        return mint(self.key, self.secret, identity=identity, room=room, ttl=ttl, kind=kind)

    # life

    def start(self) -> None:
        """Starts it and returns when it answers; RuntimeError with the log's end when it does not."""
        self._launch()
        while not self._answers():
            self._check_start()
            time.sleep(POLL)

    def stop(self) -> None:
        """Ends it politely: participants are told (reason 3, server shutdown). Nothing happens when it is not running."""
        if self._process is not None:
            # The first signal alone lets it wait for everybody to leave; the second ends that.
            self._process.send_signal(signal.SIGTERM)
            time.sleep(0.1)
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it at once without a word to anybody; the log and the ports stay for `start`."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """`kill` and `start` on the same ports, with all rooms forgotten."""
        self.kill()
        self.start()

    def freeze(self) -> None:
        """Stops all its work: packets arrive and nothing is answered, as in a black hole."""
        self._running().send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Goes on after `freeze`."""
        self._running().send_signal(signal.SIGCONT)

    def __enter__(self) -> LiveKitServer:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.kill()
        if error is not None:
            error.add_note(f"livekit-server's log ({self.log}) ends with:\n{self.tail()}")

    async def __aenter__(self) -> LiveKitServer:
        self._launch()
        while not await asyncio.to_thread(self._answers):
            self._check_start()
            await asyncio.sleep(POLL)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.__exit__(kind, error, trace)

    def tail(self, lines: int = 40) -> str:
        """The log's last lines."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    # its HTTP API

    async def request(self, method: str, **fields: object) -> dict[str, object]:
        """One call of the RoomService (`method` as in its protocol, fields in camelCase); RuntimeError when it refuses."""
        grants = {**ADMIN, "canUpdateOwnMetadata": True}
        token = mint(self.key, self.secret, identity="tests", room=str(fields.get("room", "")), grants=grants, ttl=60.0)
        address = f"http://127.0.0.1:{self.port}/twirp/livekit.RoomService/{method}"
        timeout = aiohttp.ClientTimeout(total=5.0)
        async with (
            aiohttp.ClientSession(timeout=timeout) as client,
            client.post(address, json=fields, headers={"Authorization": f"Bearer {token}"}) as answer,
        ):
            text = await answer.text()
            if answer.status != 200:
                raise RuntimeError(f"{method}: {answer.status} {text}")
        return cast(dict[str, object], json.loads(text))

    async def delete_room(self, room: str) -> None:
        """Throws everybody out (reason 5, room deleted)."""
        await self.request("DeleteRoom", room=room)

    async def remove_participant(self, room: str, identity: str) -> None:
        """Throws one participant out (reason 4)."""
        await self.request("RemoveParticipant", room=room, identity=identity)

    async def update_participant(self, room: str, identity: str, **fields: object) -> None:
        """Sets `metadata`, `name`, `attributes` or `permission` of a participant."""
        await self.request("UpdateParticipant", room=room, identity=identity, **fields)

    async def mute_track(self, room: str, identity: str, track: str, muted: bool) -> None:
        """Mutes a participant's track (`track` is its SID) from the server's side."""
        await self.request("MutePublishedTrack", room=room, identity=identity, trackSid=track, muted=muted)

    async def participants(self, room: str) -> list[dict[str, object]]:
        """Who is in the room: `identity`, `sid`, `state`, `tracks`, … as the server's JSON gives them."""
        answer = await self.request("ListParticipants", room=room)
        return cast(list[dict[str, object]], answer.get("participants", []))

    # inside

    def _launch(self) -> None:
        if self._process is not None:
            raise RuntimeError("the server is running already")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                guarded([self._binary, "--config", self._configuration]), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._deadline = time.monotonic() + START_LIMIT

    def _check_start(self) -> None:
        status = self._running().poll()
        if status is not None or time.monotonic() > self._deadline:
            self.kill()
            told = "does not answer" if status is None else f"ended with {status}"
            raise RuntimeError(f"livekit-server {told}; its log ends with:\n{self.tail()}")

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=1.0) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)
        try:
            process.wait(8.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("the server is not running")
        return self._process
