"""The demo's options made into a Setting: keys looked up, the sound card tried, everything that cannot work told before it starts."""

from __future__ import annotations

from collections.abc import MutableMapping

from kiosk.audio.ports import SoundCard
from kiosk.config.model import AudioConfig, Config
from kiosk.config.secrets import Secret, load_api_key
from kiosk.errors import ConfigError, SoundError
from kiosk.signals import Mode
from kiosk.sim.stage import AGENT_ID, Setting, configuration
from kiosk.system.redact import register_secret


def chosen(
    mode: Mode,
    environ: MutableMapping[str, str],
    *,
    real_sound: bool,
    session_url: str | None,
    agent_id: str | None,
    server: str | None,
) -> Setting:
    """The setting that the options ask for; ConfigError for keys or options that are missing, SoundError without a sound card."""
    if session_url is not None and server is not None:
        raise ConfigError(["--session-url and --server exclude each other: a voice API names its media server itself"])
    setting = Setting(mode, session_url=session_url, agent_id=agent_id or ("" if session_url else AGENT_ID), server=server)
    config = configuration(setting, session_url or "http://127.0.0.1:1")
    return Setting(
        setting.mode,
        session_url=session_url,
        agent_id=setting.agent_id,
        key=_api_key(config, environ) if session_url is not None else None,
        server=server,
        server_keys=_server_keys(environ) if server is not None else None,
        card=_sound_card(config.audio) if real_sound else None,
    )


def _api_key(config: Config, environ: MutableMapping[str, str]) -> Secret | None:
    key = load_api_key(config, environ)
    if key is not None:
        register_secret(key.reveal())
    return key


def _server_keys(environ: MutableMapping[str, str]) -> tuple[Secret, Secret]:
    names = ("LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")
    missing = [name for name in names if not environ.get(name)]
    if missing:
        raise ConfigError([f"--server needs {' and '.join(missing)} in the environment, as the server's own configuration has them"])
    key, secret = (Secret(environ.pop(name)) for name in names)
    register_secret(secret.reveal())
    return key, secret


def _sound_card(config: AudioConfig) -> SoundCard:
    """This machine's, once both directions could be opened; SoundError when there is none."""
    from kiosk.audio.card import PortAudioCard  # noqa: PLC0415 -- only who wants real sound waits for the library

    card = PortAudioCard()
    try:
        card.open_microphone(config.microphone.device, config.latency, config.microphone.channel).close()
        card.open_speaker(config.speaker.device, config.latency).close()
    except SoundError as error:
        raise SoundError(f"--sound real: {error}", code=error.code, hint="leave --sound out: the demo brings a sound card") from error
    return card
