"""What the loopback media server can be told to do wrong."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Faults:
    """Misbehaviour towards those who join from now on; every field at its default is a healthy server."""

    refuse: int | None = None
    """The HTTP status that answers every join and every validation (401, 404, 503, ...)."""
    hold_upgrade: bool = False
    """The WebSocket upgrade is never answered."""
    hold_join: bool = False
    """The upgrade is answered, the join never."""
    join_delay: float = 0.0
    """Seconds between the upgrade and the join's answer."""
    no_ice: bool = False
    """Descriptions hold no candidate and the visitor's are ignored, so that ICE never connects."""
    agent_delay: float = 0.0
    """Seconds from the join until the agent comes in; 0 = it is there before."""
