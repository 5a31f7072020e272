"""The status record: all that the daemon says of itself, in one frozen model. Its JSON is `voice-kiosk status --json`.

Times are UTC and reckoned back from `now`, so that `now - since` is the true length whatever the clock has done meanwhile.
"""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from kiosk.machine.states import State, Talk
from kiosk.signals import Indication, Mode

SeverityName = Literal["notice", "degraded", "offline", "broken"]


class Record(BaseModel):
    """A part of the status; values never change after collecting."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class FaultRecord(Record):
    """A fault as it was met."""

    area: str
    code: str
    severity: SeverityName
    words: str
    """What is wrong."""
    mend: str
    """What mends it."""
    detail: str
    """What the part itself said of it last."""
    since: AwareDatetime


class DeviceRecord(Record):
    """A sound device that is open."""

    name: str
    rate: int
    """Hz."""
    channels: int


class SoundRecord(Record):
    """The sound path. Levels in dBFS, counts since the start."""

    microphone: DeviceRecord | None
    """None while it gives no sound."""
    speaker: DeviceRecord | None
    microphone_dbfs: float | None
    speaker_dbfs: float | None
    speaker_gain_db: float
    """As it is now, which is not what the configuration says once `volume` has set it."""
    microphone_xruns: int
    speaker_xruns: int
    uplink_dropped_ms: float
    """Said and never sent: the backlog was full."""
    downlink_dropped_ms: float
    """Received and never played."""
    downlink_underruns: int
    backlog_ms: float
    """Said and not sent yet."""
    queue_ms: float
    """Received and not played yet."""


class CallRecord(Record):
    """The call that is made or being made. The token itself is told to nobody."""

    session_id: str | None
    """The API's name of the session, where it gives one."""
    room: str | None
    attempt: int
    """Which try at a connection this is, from 1; 0 in a call that stands."""
    joined: AwareDatetime | None
    """When this connection came about."""
    token_age_s: float | None
    token_left_s: float | None
    """What remains of the token in use; the server renews it in a call."""
    agent: Literal["absent", "present"]
    talk: Talk
    """Whose turn it is, as the agent says or as it is heard."""
    heard: bool
    """The agent hears the microphone's track."""
    rtt_ms: float | None
    """To the media server and back."""
    jitter_ms: float | None
    """Of the agent's voice as it arrives."""
    lost: int | None
    """Packets of the agent's voice that never came."""
    concealed_ms: float | None
    """Sound that had to be made up for them."""


class ConfigurationRecord(Record):
    """What the daemon runs by."""

    file: str | None
    """None where it is no file's (the demo)."""
    loaded: AwareDatetime
    mode: Mode


class Status(Record):
    """The daemon at this moment."""

    now: AwareDatetime
    """The device's clock, which may be wrong."""
    started: AwareDatetime
    state: State
    since: AwareDatetime
    """When the state was entered."""
    why: str | None
    """The event that led into it; None for the first state."""
    indication: Indication
    """What the LED shows."""
    microphone: Literal["closed", "open", "muted"]
    """Whether what is said is the call's; `muted` by a technician, whatever the visitor does."""
    lent: str | None = None
    """Who has microphone, speaker, button and LED for a test, so that a press is not seen; None: the kiosk."""
    faults: tuple[FaultRecord, ...]
    """What is wrong now, the worst first."""
    last_error: FaultRecord | None
    """The latest fault, which may be over."""
    call: CallRecord | None
    media_server: str | None = None
    """Host of the one that was joined last; None before the first call."""
    sound: SoundRecord
    configuration: ConfigurationRecord
    versions: dict[str, str]

    @property
    def well(self) -> bool:
        """Nothing needs mending and a call is possible; a notice is no fault of the device."""
        return all(fault.severity == "notice" for fault in self.faults)
