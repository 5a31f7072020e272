"""The journal's MESSAGE_IDs: one for every kind of happening, never changed, so that `journalctl MESSAGE_ID=…` finds all of a kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MESSAGE_IDS: Final[Mapping[str, str]] = {
    # The kiosk's state or light changed.
    "state": "c0dc02b16a0f4c8db4eb512f001421a0",
    # A room was joined.
    "connected": "9189a92a3bca446fbcf5263edef0309b",
    # A room was lost or left by its own side.
    "disconnected": "d17331d7259c45c49017064e696e0c36",
    # The agent's voice is being received.
    "track subscribed": "2242f4c6b9c44cf992743768eb51623f",
    # The agent's voice is received no longer.
    "track unsubscribed": "c72a93972dc64da0abd204782af6243a",
    # The server renewed the token.
    "token refreshed": "df08912ee2a6453ca76a532d41665282",
    # Somebody said something (words only with log.words).
    "transcript": "95e00c29d2604530bbd2632ddf4aef85",
    # The agent sent data.
    "message": "e423142585ee4eaf9403e6a440e81b4e",
    # Something is wrong: KIOSK_FAULT names it.
    "fault": "1ba71c3ab659412ca699dfe456b4bb1f",
    # It works again.
    "fault over": "8464e1b128a5455ba2e00b6c8618bc34",
    # The configuration was read again, or what waited of it for the call's end is in force.
    "reloaded": "4f7cd1021281492bb039ba7d19d4b21a",
    # A configuration with errors was read; one record for each.
    "configuration refused": "bf5580ab4a0945cbb6845b6ccba98d9d",
    # A part of the daemon failed and is started again.
    "part failed": "368faa3ec68e47d980daa01b15c42637",
    # Somebody ordered something through the control socket.
    "steered": "0bbdff52984e4df59b87208c28864695",
    # A client of the control socket was turned away.
    "refused": "7244c2a083314692a182245bd499565a",
}
"""By a record's extra field `kind`. Made once with `journalctl --new-id128`; a kind that changes its meaning gets a new one."""
