"""All links in the order in which they hang on each other."""

from __future__ import annotations

from typing import Final

from kiosk.doctor.api import api, clock, session
from kiosk.doctor.configuration import configuration, key
from kiosk.doctor.daemon import daemon, devices
from kiosk.doctor.machine import disk, memory, power, temperature, versions
from kiosk.doctor.media import media
from kiosk.doctor.network import dns, tls
from kiosk.doctor.panel import button, led
from kiosk.doctor.sound import microphone, speaker, way_back
from kiosk.doctor.udp import udp
from kiosk.doctor.walk import Link

CHAIN: Final = (
    Link("configuration", configuration, 5.0),
    Link("key", key, 5.0, ("configuration",)),
    Link("daemon", daemon, 12.0),
    Link("versions", versions, 5.0),
    Link("disk", disk, 5.0),
    Link("memory", memory, 5.0),
    Link("temperature", temperature, 5.0),
    Link("power", power, 5.0),
    Link("dns", dns, 6.0, ("configuration",)),
    Link("tls", tls, 25.0, ("dns",)),
    Link("api", api, 10.0, ("tls",)),
    Link("clock", clock, 5.0),
    Link("session", session, 35.0, ("api", "key")),
    Link("media", media, 45.0, ("session",)),
    Link("udp", udp, 10.0, ("dns",)),
    Link("devices", devices, 15.0),
    Link("microphone", microphone, 30.0, ("configuration", "devices")),
    Link("speaker", speaker, 60.0, ("configuration", "devices")),
    Link("echo", way_back, 5.0, ("speaker",)),
    Link("button", button, 40.0, ("configuration", "devices")),
    Link("led", led, 60.0, ("configuration", "devices")),
)
"""The devices come last, so that the daemon is without them for as short as can be."""
