"""Where the fuzzing of each target begins: what strangers should send, and the pieces of which they make something else."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.parts.process import ROOT
from tests.parts.token import mint

TOKEN: Final = mint("key", "secret", room="hall", identity="visitor", since=1.8e9)
ANSWERS: Final[tuple[Mapping[str, object], ...]] = (
    {"token": TOKEN, "livekit_url": "wss://media.example.com", "room_name": "hall", "session_id": "vs_1"},
    {"id": "call_1", "type": "web", "token": TOKEN, "livekit_url": "wss://media.example.com:443/x", "expires_in": 300},
    {"server_url": "ws://127.0.0.1:7880", "participant_token": TOKEN},
)
ERRORS: Final = ({"detail": "no", "status": 401}, {"detail": [{"msg": "field required", "loc": ["body"]}]}, {"detail": {"x": [None]}})
MESSAGES: Final = (
    {"type": "transcript", "role": "user", "text": "hello", "final": False, "segment_id": "s1"},
    {"event": "transcript.final", "data": {"content": "hello", "speaker": "agent", "is_final": True, "id": 7}},
    {"type": "metrics", "values": [1, 2.5, None, True]},
)


def _all_of(*objects: Mapping[str, object]) -> list[bytes]:
    return [json.dumps(each).encode() for each in objects]


def _configurations() -> list[bytes]:
    return [path.read_bytes() for path in sorted(Path(ROOT, "config").glob("*.yaml"))]


SEEDS: Final[Mapping[str, list[bytes]]] = {
    "configuration": _configurations(),
    "session_answer": _all_of(*ANSWERS),
    "session_error": [*_all_of(*ERRORS), b"120", b"Wed, 21 Oct 2026 07:28:00 GMT", b"//[::1/"],
    "message": _all_of(*MESSAGES),
    "control": [
        b"GET /status HTTP/1.1\r\nHost: kiosk\r\n\r\n",
        b"GET /events HTTP/1.1\r\nHost: kiosk\r\n\r\n",
        b"POST /press HTTP/1.1\r\nHost: kiosk\r\nContent-Length: 0\r\n\r\n",
        b'POST /volume HTTP/1.1\r\nHost: kiosk\r\nContent-Length: 15\r\n\r\n{"gain_db": -6}',
        b'POST /volume HTTP/1.1\r\nHost: kiosk\r\nTransfer-Encoding: chunked\r\n\r\nf\r\n{"gain_db": -6}\r\n0\r\n\r\n',
    ],
    "refreshed_token": [TOKEN.encode(), b"a." + base64.urlsafe_b64encode(b'{"exp": 1e400}') + b".c"],
}
WORDS: Final[Mapping[str, list[bytes]]] = {
    "configuration": [
        b"session:\n",
        b"  agent_id: ",
        b"&a ",
        b"*a",
        b"<<: ",
        b"!!python/object:os.system ",
        b"? ",
        b"- ",
        b"| \n",
        b"0x",
        b"\xef\xbb\xbf",
    ],
    "session_answer": [b'"token": ', b'"livekit_url": ', b"1e999", b"NaN", b"\\ud800", b"[[[[", b"{", TOKEN.encode()],
    "session_error": [b'"detail": ', b'"msg": ', b"the-key-itself", b"\\ud800", b"1e9", b"9" * 30],
    "message": [b'"transcript"', b'"data": {', b"[" * 50, b"1e999", b"\\ud800", b"9" * 50],
    "control": [
        b"\r\n",
        b"Expect: 100-continue\r\n",
        b"Upgrade: websocket\r\n",
        b"Content-Encoding: gzip\r\n",
        b"1e999",
        b"/../",
        b"%00",
        b"POST ",
    ],
    "refreshed_token": [b".", b"eyJleHAiOiBudWxsfQ", b"=", b"_-"],
}
"""What a mutation may put in."""
