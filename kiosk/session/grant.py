"""A session that the API has granted."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Grant:
    """Where to join and with what; used for one join. `expires_at` is in the event loop's monotonic seconds."""

    url: str
    """ws:// or wss:// address of the media server."""
    token: str = field(repr=False)
    session_id: str | None
    room_name: str | None
    expires_at: float
