"""MESSAGE_IDs: one for every kind, and those that were published stay."""

from __future__ import annotations

import re
from pathlib import Path

import kiosk
from kiosk.system.messages import MESSAGE_IDS

PUBLISHED = {
    "state": "c0dc02b16a0f4c8db4eb512f001421a0",
    "connected": "9189a92a3bca446fbcf5263edef0309b",
    "disconnected": "d17331d7259c45c49017064e696e0c36",
    "track subscribed": "2242f4c6b9c44cf992743768eb51623f",
    "track unsubscribed": "c72a93972dc64da0abd204782af6243a",
    "token refreshed": "df08912ee2a6453ca76a532d41665282",
    "transcript": "95e00c29d2604530bbd2632ddf4aef85",
    "message": "e423142585ee4eaf9403e6a440e81b4e",
    "fault": "1ba71c3ab659412ca699dfe456b4bb1f",
    "fault over": "8464e1b128a5455ba2e00b6c8618bc34",
    "part failed": "368faa3ec68e47d980daa01b15c42637",
    "steered": "0bbdff52984e4df59b87208c28864695",
    "refused": "7244c2a083314692a182245bd499565a",
}
"""As of 0.2: an operator's filters rest on them."""


def kinds_in_use() -> set[str]:
    """Every kind that the source tells or logs."""
    text = "\n".join(path.read_text() for path in Path(kiosk.__file__).parent.rglob("*.py") if "sim" not in path.parts)
    return set(re.findall(r'chronicle\.tell\("([a-z ]+)"', text)) | set(re.findall(r'"kind": "([a-z ]+)"', text)) | {"fault", "fault over"}


def test_every_kind_has_an_id_of_its_own() -> None:
    assert {"state", "connected", "part failed", "steered"} <= kinds_in_use()
    assert kinds_in_use() <= set(MESSAGE_IDS)
    assert len(set(MESSAGE_IDS.values())) == len(MESSAGE_IDS)
    assert all(re.fullmatch(r"[0-9a-f]{32}", each) for each in MESSAGE_IDS.values())


def test_published_ids_never_change() -> None:
    assert PUBLISHED.items() <= MESSAGE_IDS.items()
