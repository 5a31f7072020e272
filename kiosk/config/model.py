"""The configuration's model: every key, its type, its range and its default, in one place."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, Strict

from kiosk.config.units import Duration
from kiosk.signals import Earcon, Indication, Mode

FirstWords = Literal["auto", "track", "stream"]
Form = Literal["voice-session", "voice-start", "calls", "livekit", "custom"]
Level = Annotated[float, Field(ge=0.0, le=1.0)]
Decibel = Annotated[float, Field(ge=-60.0, le=30.0)]
Pin = Annotated[int, Field(ge=0, le=53)]
Step = Annotated[tuple[Level, Annotated[Duration, Field(ge=0.02, le=60.0)]], Strict(False)]


class Section(BaseModel):
    """A part of the file: unknown keys are errors, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


class CustomForm(Section):
    """A session API of another shape: where to post, what to send, where the answer's fields are."""

    path: Annotated[str, Field(pattern=r"^/")] = "/"
    """Path of the request under `session.url`."""
    request: dict[str, JsonValue] = {}
    """The JSON body. `{agent_id}`, `{metadata}` and the like stand for the session's parameters: alone in a text for the
    value itself (left out where it is not set), within a text for its text."""
    token: str = "token"  # noqa: S105 -- the name of a key, no password
    """Key of the token in the answer; dots go into objects (`data.token`)."""
    server_url: str = "livekit_url"
    """Key of the LiveKit URL in the answer."""
    session_id: str | None = None
    """Key of the session's id in the answer, where there is one."""
    end_path: Annotated[str, Field(pattern=r"^/")] | None = None
    """Path that ends the session; `{session_id}` is filled in."""


class SessionConfig(Section):
    """The voice-agent API: where it is, which of its forms, and what the agent is told."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s/?#]+")] = "https://api.thinnest.ai"
    """Base URL. https, or http for loopback addresses only."""
    form: Form = "voice-session"
    """Which form the requests take: `voice-session`, `voice-start`, `calls`, `livekit` (there `url` is the token endpoint's whole address)
    or `custom`."""
    custom: CustomForm | None = None
    """What `form: custom` sends and where it finds the answer; needed by that form, an error with any other."""
    agent_id: str = ""
    """Public id of the voice agent; needed by every form but `livekit` and `custom`."""
    metadata: dict[str, JsonValue] = {}
    """Context for the agent: any keys and values."""
    language: str | None = None
    """Language of the conversation, such as `en` or `"no"` (in quotes)."""
    first_message: str | None = None
    """What the agent says first, instead of its own."""
    voice_id: str | None = None
    """Voice of the agent, instead of its own."""
    stt_provider: str | None = None
    """Who turns speech into text, instead of the agent's own."""
    tts_provider: str | None = None
    """Who turns text into speech, instead of the agent's own."""
    tts_voice: str | None = None
    """Voice at that provider."""
    stt_language: str | None = None
    """Language the recogniser expects."""
    room_name: str | None = None
    """Room to join; forms `livekit` and `custom` only."""
    participant_identity: str | None = None
    """Who the device is in the room; forms `livekit` and `custom` only."""
    prefetch: bool = False
    """Hold one session ahead so that a press connects at once. Some forms bill each session requested."""
    requests_per_minute: Annotated[int, Field(ge=1, le=60)] = 5
    """Never ask more often than this; the API itself allows 5."""
    request_timeout: Annotated[Duration, Field(ge=1.0, le=30.0)] = 10.0
    """Longest wait for one answer in all."""
    connect_timeout: Annotated[Duration, Field(ge=5.0, le=120.0)] = 30.0
    """How long a visitor's press may try to become a call before the device says it cannot."""
    idle_timeout: Annotated[Duration, Field(ge=5.0, le=3600.0)] = 60.0
    """Silence of both sides that ends the session."""
    max_duration: Annotated[Duration, Field(ge=10.0, le=86_400.0)] = 1800.0
    """Longest session, whoever speaks."""


class ButtonConfig(Section):
    """The push-to-talk button."""

    pin: Pin | None = 17
    """GPIO line (BCM number); `null` for a device without a button."""
    chip: Annotated[int, Field(ge=0, le=15)] | None = None
    """gpiochip number; found by itself where it is not given (0 on a Pi 4 and earlier, 0 or 4 on a Pi 5)."""
    pull: Literal["up", "down", "none"] = "up"
    """`up` for a button to ground, `down` for one to 3.3 V, `none` for a resistor of your own."""
    active: Literal["low", "high"] = "low"
    """Level of the line while pressed."""
    debounce: Annotated[Duration, Field(ge=0.001, le=0.2)] = 0.02
    """How long the contact may bounce; the first edge counts at once."""


class VadConfig(Section):
    """What counts as speech: used to wake in `vad` mode and to measure silence in every mode."""

    aggressiveness: Annotated[int, Field(ge=0, le=3)] = 2
    """0 takes most sounds for speech, 3 the fewest (webrtcvad)."""
    voiced: Annotated[Duration, Field(ge=0.03, le=5.0)] = 0.2
    """How much voiced audio within `window` wakes the device; at most `window`."""
    window: Annotated[Duration, Field(ge=0.05, le=10.0)] = 0.4
    """The time in which voiced audio is added up."""
    level: Annotated[float, Field(ge=-90.0, le=0.0)] = -50.0
    """Sound below this level in dBFS is never speech."""
    refractory: Annotated[Duration, Field(ge=0.0, le=60.0)] = 2.0
    """After a session, how long speech does not wake the device again."""
    pre_roll: Annotated[Duration, Field(ge=0.0, le=2.0)] = 0.6
    """Audio kept from before the wake-up, so that the first word is whole."""


class TalkConfig(Section):
    """How the visitor speaks to the agent."""

    mode: Mode = "hold"
    """`hold`: speak while the button is held. `toggle`: press to begin, press to end. `vad`: speech begins, silence ends."""
    release_tail: Annotated[Duration, Field(ge=0.0, le=3.0)] = 0.3
    """In `hold`, how long the microphone stays open after the release."""
    first_words: FirstWords = "auto"
    """How audio from before the connection reaches the agent: in the `track`, by byte `stream`, or `auto`, which is the track."""


class MicrophoneConfig(Section):
    """The ALSA device that listens."""

    device: str = "default"
    """Part of the device's name, `default`, or `hw:CARD=Name` as `voice-kiosk devices` lists it."""
    channel: Annotated[int, Field(ge=1, le=32)] | None = None
    """Which channel of a multichannel device; where it is not given all are mixed, of more than 8 the first is taken."""
    gain: Decibel = 0.0
    """Software gain in dB."""


class SpeakerConfig(Section):
    """The ALSA device that speaks."""

    device: str = "default"
    """As for the microphone."""
    gain: Decibel = 0.0
    """Software gain in dB."""


class AudioConfig(Section):
    """Microphone, speaker and what is done to the sound between them and the room."""

    microphone: MicrophoneConfig = MicrophoneConfig()
    speaker: SpeakerConfig = SpeakerConfig()
    echo_cancellation: bool = True
    """Take the speaker's sound out of the microphone's."""
    noise_suppression: bool = True
    """Take steady noise out."""
    gain_control: bool = True
    """Bring quiet and loud voices to one level."""
    latency: Annotated[Duration, Field(ge=0.01, le=0.2)] = 0.02
    """Buffer asked of the sound card in each direction."""


class Blink(Section):
    """A LED pattern: colour and rhythm. The same rhythm serves a single LED, which has no colour."""

    color: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
    """Such as `"#ff8800"`, in quotes: `#` begins a comment."""
    steps: Annotated[tuple[Step, ...], Strict(False), Field(min_length=1, max_length=16)]
    """`[level, duration]` pairs played round and round; level from 0 to 1, duration from 20ms to 60s."""
    fade: bool = False
    """Glide from step to step instead of switching."""


class LedConfig(Section):
    """The status light; with neither `pin` nor `rgb` there is none, which is no error."""

    pin: Pin | None = None
    """A single LED."""
    rgb: Annotated[tuple[Pin, Pin, Pin], Strict(False)] | None = None
    """Red, green and blue lines of one RGB LED."""
    active_high: bool = True
    """False where the LED hangs between the line and 3.3 V (common anode)."""
    brightness: Annotated[float, Field(ge=0.01, le=1.0)] = 0.6
    """Of every pattern; 1 is all the LED gives."""
    patterns: Annotated[dict[Annotated[Indication, Strict(False)], Blink], Strict(False)] = {}
    """Replaces the built-in pattern of a state."""


class EarconConfig(Section):
    """The short tones."""

    volume: Level = 0.3
    """0 is silent."""
    files: Annotated[dict[Annotated[Earcon, Strict(False)], str], Strict(False)] = {}
    """WAV files (any rate, 16 bit, at most 3 s) in place of the built-in tones, by whole path; the daemon's user must be able to read them,
    and its unit sees nothing of /home, /root and /tmp."""


class CredentialsConfig(Section):
    """Where the API key comes from; the key itself is never written here."""

    api_key_file: str = "/etc/voice-kiosk/credentials/api-key"
    """File that holds the key alone, mode 0600. systemd's credential `api-key` and the environment's VOICE_KIOSK_API_KEY come before it.
    The package's unit takes the credential from this very path; another one needs a drop-in (ConditionPathExists, LoadCredential)."""


class LogConfig(Section):
    """What the journal is told."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least of what is written: `debug`, `info`, `warning` or `error`."""
    words: bool = False
    """Write what is said (transcripts, messages) into the journal. Off unless visitors are told of it."""


class Config(Section):
    """The whole file."""

    session: SessionConfig = SessionConfig()
    talk: TalkConfig = TalkConfig()
    button: ButtonConfig = ButtonConfig()
    vad: VadConfig = VadConfig()
    audio: AudioConfig = AudioConfig()
    led: LedConfig = LedConfig()
    earcons: EarconConfig = EarconConfig()
    credentials: CredentialsConfig = CredentialsConfig()
    log: LogConfig = LogConfig()
