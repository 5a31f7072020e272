"""The register of faults: every code that a room may raise, in words for a person, with its light and its tone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from kiosk.signals import Earcon, Indication


class Severity(IntEnum):
    """How bad a fault is; the worst standing one shows."""

    NOTICE = 1
    """Told by a tone when it hits a visitor; the device is well."""
    DEGRADED = 2
    """The device works, but a technician should look."""
    OFFLINE = 3
    """No call is possible now; it may pass by itself."""
    BROKEN = 4
    """No call is possible until somebody mends something."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One registered fault."""

    code: str
    severity: Severity
    words: str
    """What is wrong, as a technician would say it."""
    mend: str
    earcon: Earcon = Earcon.ERROR

    @property
    def passes(self) -> bool:
        """It may pass by itself, so looking again is worth it."""
        return self.severity is not Severity.BROKEN

    @property
    def prevents(self) -> bool:
        """Its light says that no call is possible."""
        return self.severity >= Severity.OFFLINE

    @property
    def indication(self) -> Indication | None:
        """The light while the fault stands and no call runs; None for one that only sounds."""
        return _LIGHTS.get(self.severity)


_LIGHTS: Final = {Severity.DEGRADED: Indication.ATTENTION, Severity.OFFLINE: Indication.OFFLINE, Severity.BROKEN: Indication.FAULT}


def _faults(*rows: tuple[str, Severity, Earcon, str, str]) -> dict[str, Fault]:
    return {code: Fault(code, severity, words, mend, earcon) for code, severity, earcon, words, mend in rows}


# fmt: off
FAULTS: Final = _faults(
    ("offline",              Severity.OFFLINE,  Earcon.OFFLINE,    "the network or its name service is away",          "check the cable or the Wi-Fi"),
    ("api-unreachable",      Severity.OFFLINE,  Earcon.OFFLINE,    "the voice API cannot be reached",                  "check the network and the firewall (TCP 443)"),
    ("api-down",             Severity.OFFLINE,  Earcon.OFFLINE,    "the voice API fails by itself",                    "wait; it is the provider's"),
    ("bad-answer",           Severity.OFFLINE,  Earcon.OFFLINE,    "the voice API answers nonsense",                   "check session.url and session.form"),
    ("captive-portal",       Severity.OFFLINE,  Earcon.OFFLINE,    "a log-in page stands between the device and the API", "sign the device in, or use another network"),
    ("tls",                  Severity.OFFLINE,  Earcon.OFFLINE,    "the API's certificate is not valid",               "check session.url; something may be listening in"),
    ("clock",                Severity.OFFLINE,  Earcon.OFFLINE,    "the device's clock is wrong",                      "wait for time synchronisation (UDP 123)"),
    ("bad-key",              Severity.BROKEN,   Earcon.REFUSED,    "the API refuses the key",                          "put a valid key into the credentials file"),
    ("no-balance",           Severity.BROKEN,   Earcon.REFUSED,    "the account's balance is used up",                 "top the account up"),
    ("forbidden",            Severity.BROKEN,   Earcon.REFUSED,    "the key may not use this agent",                   "check the key's rights"),
    ("unknown-agent",        Severity.BROKEN,   Earcon.REFUSED,    "the API knows no such agent",                      "check session.agent_id"),
    ("bad-parameters",       Severity.BROKEN,   Earcon.REFUSED,    "the API refuses the session's parameters",         "check the session section of the configuration"),
    ("busy",                 Severity.NOTICE,   Earcon.BUSY,       "the API is asked too often",                       "wait a minute"),
    ("budget",               Severity.NOTICE,   Earcon.BUSY,       "this minute's session requests are used up",       "wait a minute, or raise session.requests_per_minute"),
    ("server-unreachable",   Severity.OFFLINE,  Earcon.OFFLINE,    "the media server cannot be reached",               "check the firewall (TCP 443, UDP 443 and 10000-20000)"),
    ("server-down",          Severity.OFFLINE,  Earcon.OFFLINE,    "the media server answers, but not with a call",    "wait; it is the provider's, or a stranger answers"),
    ("join-timeout",         Severity.OFFLINE,  Earcon.OFFLINE,    "the media server does not let the call through",   "check the firewall (UDP 443 and 10000-20000)"),
    ("token-rejected",       Severity.NOTICE,   Earcon.REFUSED,    "the media server refuses the token",               "check the device's clock and the API"),
    ("join-refused",         Severity.BROKEN,   Earcon.REFUSED,    "the media server refuses the device",              "check the URL that the API gives, and the server"),
    ("server-busy",          Severity.OFFLINE,  Earcon.BUSY,       "the media server takes no more calls now",         "wait; it is the provider's"),
    ("publish-timeout",      Severity.NOTICE,   Earcon.ERROR,      "the microphone could not be sent in time",         "it is tried again by itself"),
    ("recorded-not-sent",    Severity.NOTICE,   Earcon.ERROR,      "the first words could not be sent",                "it is tried again with the next press"),
    ("publish-failed",       Severity.NOTICE,   Earcon.ERROR,      "the microphone could not be sent",                 "it is tried again by itself"),
    ("room-lost",            Severity.NOTICE,   Earcon.RECONNECTING, "the call was cut off",                           "it is rejoined by itself"),
    ("displaced",            Severity.DEGRADED, Earcon.ERROR,      "another device uses this one's identity",          "give each device its own identity (session.participant_identity with the forms livekit and custom)"),
    ("agent-missing",        Severity.NOTICE,   Earcon.ERROR,      "the agent is not in the room",                     "check the agent at the provider"),
    ("no-connection",        Severity.NOTICE,   Earcon.OFFLINE,    "no call came about in time",                       "check the network"),
    ("microphone-missing",   Severity.BROKEN,   Earcon.MICROPHONE, "the microphone is not there",                      "plug it in, or correct audio.microphone.device"),
    ("microphone-busy",      Severity.BROKEN,   Earcon.MICROPHONE, "another program has the microphone",               "stop that program"),
    ("microphone-failed",    Severity.BROKEN,   Earcon.MICROPHONE, "the microphone fails",                             "replug or replace it"),
    ("microphone-stalled",   Severity.BROKEN,   Earcon.MICROPHONE, "the microphone has stopped without an error",      "replug or replace it"),
    ("microphone-stuck",     Severity.BROKEN,   Earcon.MICROPHONE, "the microphone's driver does not come back",       "restart the service; if it recurs, replace the device"),
    ("speaker-missing",      Severity.BROKEN,   Earcon.ERROR,      "the speaker is not there",                         "plug it in, or correct audio.speaker.device"),
    ("speaker-busy",         Severity.BROKEN,   Earcon.ERROR,      "another program has the speaker",                  "stop that program"),
    ("speaker-failed",       Severity.BROKEN,   Earcon.ERROR,      "the speaker fails",                                "replug or replace it"),
    ("speaker-stalled",      Severity.BROKEN,   Earcon.ERROR,      "the speaker has stopped without an error",         "replug or replace it"),
    ("speaker-stuck",        Severity.BROKEN,   Earcon.ERROR,      "the speaker's driver does not come back",          "restart the service; if it recurs, replace the device"),
    ("gpio-missing",         Severity.BROKEN,   Earcon.ERROR,      "there is no GPIO chip",                            "run on a board that has one, or correct button.chip"),
    ("gpio-denied",          Severity.BROKEN,   Earcon.ERROR,      "the GPIO chip may not be used",                    "add the user to the group gpio"),
    ("button-missing",       Severity.BROKEN,   Earcon.ERROR,      "the button's line does not exist",                 "correct button.pin"),
    ("button-taken",         Severity.BROKEN,   Earcon.ERROR,      "another program has the button's line",            "stop that program, or correct button.pin"),
    ("button-stuck",         Severity.BROKEN,   Earcon.ERROR,      "the button does not come up",                      "free or replace it; check its wiring and button.active"),
    ("led-missing",          Severity.DEGRADED, Earcon.ERROR,      "the LED's line does not exist",                    "correct led.pin or led.rgb"),
    ("led-taken",            Severity.DEGRADED, Earcon.ERROR,      "another program has the LED's line",               "stop that program, or correct led.pin or led.rgb"),
    ("bad-config",           Severity.DEGRADED, Earcon.ERROR,      "the configuration has errors, the last good one is used", "voice-kiosk edit"),
    ("control-taken",        Severity.DEGRADED, Earcon.ERROR,      "another daemon answers in this one's place",       "stop one of the two: systemctl status voice-kiosk"),
    ("control-failed",       Severity.DEGRADED, Earcon.ERROR,      "the daemon cannot be asked for its status",        "see the journal; check the runtime folder"),
    ("internal",             Severity.DEGRADED, Earcon.ERROR,      "a part of the daemon keeps failing",               "see the journal; restart the service"),
)
# fmt: on
