"""Collects the status record from the rooms that know its parts."""

from __future__ import annotations

import asyncio
import platform
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Final, Protocol

from kiosk.config.model import Config
from kiosk.control.record import CallRecord, ConfigurationRecord, DeviceRecord, FaultRecord, SeverityName, SoundRecord, Status
from kiosk.faults import Severity
from kiosk.health import Health, Report
from kiosk.room.protocol import RoomStatistics

if TYPE_CHECKING:
    from kiosk.audio.sound import Opened, SoundFigures
    from kiosk.calls import Calls
    from kiosk.dispatcher import Dispatcher

STATISTICS_AGE: Final = 1.0
"""Seconds for which the connection's figures hold, however often they are asked for."""
_SEVERITIES: Final[dict[Severity, SeverityName]] = {
    Severity.NOTICE: "notice",
    Severity.DEGRADED: "degraded",
    Severity.OFFLINE: "offline",
    Severity.BROKEN: "broken",
}


class SoundPath(Protocol):
    """What is asked of the sound path (`kiosk.audio.sound.Sound`)."""

    @property
    def gain(self) -> float: ...
    def figures(self) -> SoundFigures: ...
    def opened(self) -> dict[str, Opened]: ...


class Collector:
    """Made when the configuration is loaded; on the event loop. `file` is where the configuration came from."""

    def __init__(self, config: Config, file: str | None, *, dispatcher: Dispatcher, sound: SoundPath, calls: Calls, health: Health) -> None:
        self._config = config
        self._file = file
        self._dispatcher = dispatcher
        self._sound = sound
        self._calls = calls
        self._health = health
        self._clock = asyncio.get_running_loop().time
        self._started = self._loaded = self._clock()
        self._zero = _zero(self._started)
        self._versions = {"voice-kiosk": version("voice-kiosk"), "livekit": version("livekit"), "python": platform.python_version()}
        self._statistics: RoomStatistics | None = None
        self._statistics_of: object = None
        self._statistics_at = 0.0

    def reconfigure(self, config: Config) -> None:
        """This configuration is in force from now on."""
        self._config, self._loaded = config, self._clock()

    async def collect(self) -> Status:
        """The daemon at this moment; takes as long as the connection's own figures, 2 s at most."""
        statistics = await self._fresh_statistics()
        now = self._clock()
        self._zero = _zero(now)
        dispatcher, kiosk = self._dispatcher, self._dispatcher.kiosk
        latest = self._health.latest
        return Status(
            now=self._wall(now),
            started=self._wall(self._started),
            state=kiosk.state,
            since=self._wall(dispatcher.since),
            why=dispatcher.why.value if dispatcher.why else None,
            indication=dispatcher.indication,
            microphone="muted" if kiosk.muted else "open" if kiosk.microphone else "closed",
            lent=dispatcher.lent,
            faults=tuple(self._fault(report) for report in self._health.reports()),
            last_error=self._fault(latest) if latest else None,
            call=self._call(statistics),
            media_server=self._calls.media_server,
            sound=self._sound_path(),
            configuration=ConfigurationRecord(file=self._file, loaded=self._wall(self._loaded), mode=self._config.talk.mode),
            versions=self._versions,
        )

    def _wall(self, moment: float) -> datetime:
        """A moment of the loop's clock by the device's clock as it is now."""
        return self._zero + timedelta(seconds=moment)

    def _fault(self, report: Report) -> FaultRecord:
        fault = report.fault
        return FaultRecord(
            area=report.area.value,
            code=fault.code,
            severity=_SEVERITIES[fault.severity],
            words=fault.words,
            mend=fault.mend,
            detail=report.detail,
            since=self._wall(report.since),
        )

    def _call(self, statistics: RoomStatistics | None) -> CallRecord | None:
        link, kiosk = self._calls.current, self._dispatcher.kiosk
        attempt = self._dispatcher.attempt
        if link is None and not attempt:
            return None
        grant = link.grant if link else None
        return CallRecord(
            session_id=grant.session_id if grant else None,
            room=grant.room_name if grant else None,
            attempt=attempt,
            joined=self._wall(link.since) if link and link.since is not None else None,
            token_age_s=link.token_age if link else None,
            token_left_s=link.token_left if link else None,
            agent="present" if link and link.agent_present else "absent",
            talk=kiosk.talk,
            heard=self._dispatcher.heard,
            rtt_ms=statistics.rtt_ms if statistics else None,
            jitter_ms=statistics.jitter_ms if statistics else None,
            lost=statistics.lost if statistics else None,
            concealed_ms=statistics.concealed_ms if statistics else None,
        )

    def _sound_path(self) -> SoundRecord:
        figures, opened = self._sound.figures(), self._sound.opened()
        return SoundRecord(
            microphone=_device(opened.get("microphone")),
            speaker=_device(opened.get("speaker")),
            microphone_dbfs=round(figures.microphone_level, 1) if "microphone" in opened else None,
            speaker_dbfs=round(figures.speaker_level, 1) if "speaker" in opened else None,
            speaker_gain_db=self._sound.gain,
            microphone_xruns=figures.microphone_xruns,
            speaker_xruns=figures.speaker_xruns,
            uplink_dropped_ms=figures.uplink_dropped_ms,
            downlink_dropped_ms=figures.downlink_dropped_ms,
            downlink_underruns=figures.downlink_underruns,
            backlog_ms=figures.backlog_ms,
            queue_ms=figures.queue_ms,
        )

    async def _fresh_statistics(self) -> RoomStatistics | None:
        link = self._calls.current
        if link is not self._statistics_of or self._clock() - self._statistics_at > STATISTICS_AGE:
            self._statistics = await self._calls.statistics()
            self._statistics_of, self._statistics_at = link, self._clock()
        return self._statistics


def _zero(now: float) -> datetime:
    """The beginning of the loop's clock, whose present moment this is, by the device's clock."""
    return datetime.now(UTC) - timedelta(seconds=now)


def _device(opened: Opened | None) -> DeviceRecord | None:
    return DeviceRecord(name=opened.name, rate=opened.rate, channels=opened.channels) if opened else None
