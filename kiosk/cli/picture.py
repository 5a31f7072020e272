"""The status record in words: one line for each thing, the same on a terminal, in a pipe and in the live picture."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from kiosk.control.record import CallRecord, DeviceRecord, FaultRecord, SoundRecord, Status
from kiosk.machine.states import State

NAMES: Final = 15
"""Columns of the names."""
_STYLES: Final = {"notice": "dim", "degraded": "yellow", "offline": "yellow", "broken": "bold red"}
_CALM: Final = (State.IDLE, State.LIVE)


class Line(NamedTuple):
    """A name, what is said of it, and rich's style for that."""

    name: str
    text: str
    style: str = ""


def lines(status: Status) -> list[Line]:
    """The whole record."""
    configuration, call = status.configuration, status.call
    said = [
        Line("state", _state(status), "bold green" if status.well and status.state in _CALM else "bold yellow"),
        *([Line("devices", f"lent to {status.lent} for a test: nobody is heard", "bold yellow")] if status.lent else []),
        *_faults(status),
        Line("call", _call(call, status.now)),
    ]
    if call:
        said += [Line("token", _token(call)), Line("agent", _agent(call)), Line("connection", _connection(call))]
    said += [
        Line("microphone", _microphone(status), "yellow" if status.microphone == "muted" else ""),
        Line("speaker", _speaker(status.sound)),
        Line("sound", _sound(status.sound)),
        Line("up", f"{lasting((status.now - status.started).total_seconds())} (since {_clock(status.started)})"),
        Line("last error", _last_error(status)),
        Line("configuration", f"{configuration.file or 'the demo'}, mode {configuration.mode}, loaded {_clock(configuration.loaded)}"),
        Line("versions", ", ".join(f"{name} {number}" for name, number in status.versions.items())),
    ]
    return [line._replace(text=printable(line.text)) for line in said]


def lasting(seconds: float) -> str:
    """A length of time for a person: its two greatest units."""
    rest = max(0, round(seconds))
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count or parts or unit == "s":
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])


def printable(text: str) -> str:
    """Without what could move a terminal's cursor: some of it comes from the network."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _state(status: Status) -> str:
    why = f", by {status.why}" if status.why else ""
    return f"{status.state} for {_since(status.since, status.now)} (since {_clock(status.since)}{why}); the LED shows {status.indication}"


def _faults(status: Status) -> list[Line]:
    told = [Line("", f"{_fault(fault, status.now)}; {fault.mend}", _STYLES[fault.severity]) for fault in status.faults]
    return [told[0]._replace(name="faults"), *told[1:]] if told else [Line("faults", "none", "green")]


def _fault(fault: FaultRecord, now: datetime) -> str:
    detail = f" ({fault.detail})" if fault.detail else ""
    return f"{fault.code}, {fault.severity}, for {_since(fault.since, now)}: {fault.words}{detail}"


def _last_error(status: Status) -> str:
    error = status.last_error
    if error is None:
        return "none"
    detail = f" ({error.detail})" if error.detail else ""
    return f"{error.code}, {_since(error.since, status.now)} ago: {error.words}{detail}"


def _call(call: CallRecord | None, now: datetime) -> str:
    if call is None:
        return "none"
    parts = [f"session {call.session_id}" if call.session_id else "", f"room {call.room}" if call.room else ""]
    parts.append(f"joined {_since(call.joined, now)} ago" if call.joined else "")
    parts.append(f"attempt {call.attempt}" if call.attempt else "")
    return ", ".join(part for part in parts if part)


def _token(call: CallRecord) -> str:
    age = "none yet" if call.token_age_s is None else f"{lasting(call.token_age_s)} old"
    return age if call.token_left_s is None else f"{age}, {lasting(call.token_left_s)} left"


def _agent(call: CallRecord) -> str:
    return f"{call.agent}, {call.talk}; {'hears the microphone' if call.heard else 'does not hear the microphone'}"


def _connection(call: CallRecord) -> str:
    lost = "–" if call.lost is None else str(call.lost)
    return f"round trip {_ms(call.rtt_ms)}, jitter {_ms(call.jitter_ms)}, {lost} packets lost, {_ms(call.concealed_ms)} made up for them"


def _microphone(status: Status) -> str:
    sound = status.sound
    return f"{status.microphone}, {_level(sound.microphone_dbfs)}; {_device(sound.microphone)}"


def _speaker(sound: SoundRecord) -> str:
    return f"gain {sound.speaker_gain_db:g} dB, {_level(sound.speaker_dbfs)}; {_device(sound.speaker)}"


def _sound(sound: SoundRecord) -> str:
    return (
        f"xruns {sound.microphone_xruns} in, {sound.speaker_xruns} out; dropped {_ms(sound.uplink_dropped_ms)} up, "
        f"{_ms(sound.downlink_dropped_ms)} down; {sound.downlink_underruns} underruns; "
        f"waiting {_ms(sound.backlog_ms)} to be sent, {_ms(sound.queue_ms)} to be played"
    )


def _device(device: DeviceRecord | None) -> str:
    return f"{device.name}, {device.rate} Hz × {device.channels}" if device else "not open"


def _level(dbfs: float | None) -> str:
    return "– dBFS" if dbfs is None else f"{dbfs:.0f} dBFS"


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} ms"


def _since(moment: datetime, now: datetime) -> str:
    return lasting((now - moment).total_seconds())


def _clock(moment: datetime) -> str:
    """By the device's own time zone; with the date where it is another day's."""
    local = moment.astimezone()
    return f"{local:%H:%M:%S}" if local.date() == datetime.now().astimezone().date() else f"{local:%Y-%m-%d %H:%M:%S}"
