"""What the library's texts and numbers mean to us; its texts hold the token, so none of them is passed on."""

from __future__ import annotations

import errno
import socket
import ssl
from typing import Final

from kiosk.errors import Retry, RoomError
from kiosk.room.events import Displaced, Ended, Lost

ENDED: Final = {4: "removed", 5: "deleted", 10: "closed"}
"""livekit DisconnectReason PARTICIPANT_REMOVED, ROOM_DELETED, ROOM_CLOSED."""
CLIENT_INITIATED: Final = 1
DUPLICATE_IDENTITY: Final = 2
LOST: Final = {
    3: "the media server shut down",
    6: "the media server does not know the session any more",
    7: "the join was not completed",
    8: "the session moved to another server",
    9: "the signalling connection closed",
    14: "the connection timed out",
    15: "the media connection failed",
    16: "the agent failed",
}


def refused(status: int) -> RoomError:
    """The RoomError for an HTTP answer in place of a connection: only one that blames the request is final."""
    if status in {401, 403}:
        return RoomError(f"the media server rejected the token ({status})", code="token-rejected", retry=Retry.SOON)
    if status == 429:
        return RoomError("the media server has no room for more participants now (429)", code="server-busy", retry=Retry.SOON)
    if 400 <= status < 500:
        return RoomError(
            f"the media server refused the join ({status})", code="join-refused", retry=Retry.REFUSED, hint="is the server's URL right?"
        )
    return RoomError(f"the media server answers {status} in place of a connection", code="server-down", retry=Retry.SOON)


def unreachable(error: BaseException) -> RoomError:
    """The RoomError for what kept a connection from being made: the system's or TLS's own error."""
    return RoomError(f"the media server cannot be reached{_because(error)}", code="server-unreachable", retry=Retry.SOON)


def join_failed(text: str) -> RoomError:
    """The RoomError for a ConnectError's text (livekit 1.2.1) where the signalling knows of no reason."""
    if "timed out" in text:
        return join_timed_out()
    return RoomError("the join broke off", code="server-unreachable", retry=Retry.SOON)


def join_timed_out() -> RoomError:
    """The RoomError for a join that got no answer in time."""
    return RoomError("the media server did not answer in time", code="join-timeout", retry=Retry.SOON)


def disconnected(reason: int) -> Ended | Displaced | Lost | None:
    """What a DisconnectReason means; None when it was our own leaving."""
    if reason == CLIENT_INITIATED:
        return None
    if reason == DUPLICATE_IDENTITY:
        return Displaced()
    if reason in ENDED:
        return Ended(ENDED[reason])
    return Lost(room_lost(LOST.get(reason, "the connection broke and could not be mended")))


def room_lost(what: str) -> RoomError:
    """The RoomError of a room that was joined and is gone."""
    return RoomError(what, code="room-lost", retry=Retry.SOON)


def _because(error: BaseException) -> str:
    if isinstance(error, ssl.CertificateError):
        return ": its certificate is not trusted"
    if isinstance(error, ssl.SSLError):
        return ": it does not speak TLS"
    if isinstance(error, socket.gaierror):
        return ": its name is not known"
    words = {
        errno.ECONNREFUSED: "connection refused",
        errno.ENETUNREACH: "no route to it",
        errno.EHOSTUNREACH: "no route to it",
    }
    known = words.get(error.errno or 0) if isinstance(error, OSError) else None
    return f": {known}" if known else ""
