"""The sound path as the rest of the daemon sees it: a gate, an uplink, a downlink, earcons, and what happens to the devices."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from kiosk.audio.capture import Capture
from kiosk.audio.direction import Direction
from kiosk.audio.earcons import Earcons
from kiosk.audio.frames import BLOCK_S, Block, milliseconds
from kiosk.audio.jitter import JitterQueue
from kiosk.audio.levels import Gain
from kiosk.audio.mixer import Mixer
from kiosk.audio.playout import Playout
from kiosk.audio.ports import Canceller, MicrophoneStream, Sink, SoundCard, SpeakerStream, Stream
from kiosk.audio.uplink import Uplink
from kiosk.backoff import Backoff
from kiosk.config.model import AudioConfig, EarconConfig, VadConfig
from kiosk.errors import SoundError
from kiosk.signals import Earcon

_RETRY_CAP: Final = 2.0
"""Longest wait before a device is tried again: it is to be back within 5 s after it can be."""
_RESCAN: Final = 5.0
"""Seconds between two looks for new devices where nothing says that there are any."""


@dataclass(frozen=True, slots=True)
class SoundFigures:
    """What the sound path is doing. Levels in dBFS; `…_ms` and counts as of now or since the start."""

    microphone_level: float
    speaker_level: float
    microphone_xruns: int
    speaker_xruns: int
    uplink_dropped_ms: float
    downlink_dropped_ms: float
    downlink_underruns: int
    backlog_ms: float
    queue_ms: float
    blocks_captured: int
    blocks_played: int
    threads_abandoned: int
    threads_stuck: int
    """Those of them that are still inside the sound library: while there is one, no new device is seen and only a restart helps."""
    speaker_active: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """A device as it is open now."""

    name: str
    rate: int
    channels: int


class Sound:
    """Both directions of a sound card. Methods are called on the event loop's thread, hear() from any; callbacks are set before run()."""

    on_speech: Callable[[], None]
    """The visitor speaks: at the wake-up, then at most twice a second while it lasts."""
    on_drained: Callable[[], None]
    """The gate is closed and everything recorded has been handed to the sink."""
    tried: asyncio.Event
    """Both directions have been opened, or have failed to, at least once."""
    on_fault: Callable[[str, SoundError | None], None]
    """("microphone" or "speaker", why it fails or stalls), and (…, None) once it is back."""

    def __init__(
        self, config: AudioConfig, vad: VadConfig, earcons: EarconConfig, card: SoundCard, canceller: Canceller | None = None
    ) -> None:
        self.on_speech = self.on_drained = lambda: None
        self.on_fault = lambda direction, error: None
        self._config = config
        self._card = card
        self._uplink = Uplink(vad.pre_roll)
        self._queue = JitterQueue()
        self._mixer = Mixer()
        self._earcons = Earcons(earcons)
        self._capture = Capture(config.microphone, vad, self._uplink, canceller, on_speech=self._speech, on_drained=self._drained)
        self._playout = Playout(config.speaker, self._queue, self._mixer, canceller)
        self._microphone = Direction[MicrophoneStream](
            "microphone",
            open_stream=self._open_microphone,
            pump=self._capture.run,
            blocks=lambda: self._capture.blocks,
            on_running=self._running,
            on_steady=self._steady,
        )
        self._speaker = Direction[SpeakerStream](
            "speaker",
            open_stream=lambda: card.open_speaker(self._config.speaker.device, self._config.latency),
            pump=self._playout.run,
            blocks=lambda: self._playout.blocks,
            on_running=self._running,
            on_steady=self._steady,
        )
        self._latency: dict[str, float] = {}
        self._opened: dict[str, Opened] = {}
        self._faults: dict[str, str] = {}
        self._untried = {"microphone", "speaker"}
        self.tried = asyncio.Event()
        self._rescanning = asyncio.Lock()
        self._rescanned = -_RESCAN
        self._away = False
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self) -> None:
        """Keep both directions open for ever, each by itself; cancelled: threads joined, devices closed."""
        self._loop = asyncio.get_running_loop()
        await asyncio.to_thread(self._earcons.load_files)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep(self._microphone, self._speaker))
            tasks.create_task(self._keep(self._speaker, self._microphone))

    async def reconfigure(
        self, config: AudioConfig, vad: VadConfig, earcons: EarconConfig, new_canceller: Callable[[], Canceller | None]
    ) -> None:
        """Go on with these settings. A direction whose device is opened otherwise is closed and opened again."""
        old, self._config = self._config, config
        self._uplink.keep(vad.pre_roll)
        self._capture.reconfigure(config.microphone, vad)
        if old.speaker.gain != config.speaker.gain:
            self._playout.gain = Gain(config.speaker.gain)
        if _cleaning(old) != _cleaning(config):
            self._capture.canceller = self._playout.canceller = new_canceller()
        if earcons != self._earcons.config or earcons.files:
            self._earcons = await asyncio.to_thread(_made, earcons)
        same = (old.latency, old.microphone.channel) == (config.latency, config.microphone.channel)
        if not same or old.microphone.device != config.microphone.device:
            await self._reopen(self._microphone)
        if old.latency != config.latency or old.speaker.device != config.speaker.device:
            await self._reopen(self._speaker)

    async def pause(self) -> None:
        """Close both devices and leave them alone until resume(); what fails meanwhile is no fault. Returns once they are closed."""
        async with self._rescanning:
            self._away = True
            await asyncio.gather(self._microphone.pause(), self._speaker.pause())

    def resume(self) -> None:
        """Open them again."""
        self._away = False
        self._microphone.resume()
        self._speaker.resume()

    def open_microphone(self, pre_roll: float = 0.0) -> None:
        """From this moment, minus `pre_roll` seconds (at most VadConfig.pre_roll), every sample is to reach the agent."""
        self._uplink.open(pre_roll)

    def close_microphone(self) -> None:
        """What is said from now on is nobody's business; what was recorded still goes out, then `on_drained`."""
        self._uplink.close()

    def connect(self, sink: Sink) -> None:
        """The agent hears the track from now on: recorded audio first, ahead of real time and with pauses shortened, then live."""
        self._capture.sink = sink
        self._uplink.connect()

    def disconnect(self, unheard: float = 0.0) -> None:
        """The track is gone: what is said, and what was sent in the last `unheard` seconds, goes into the backlog.

        It holds 10 s; the oldest drops and is counted.
        """
        self._uplink.disconnect(unheard)
        self._capture.sink = None

    def discard(self) -> None:
        """The call is over: gate closed, backlog forgotten, sink gone, the agent's voice ends in a short fade."""
        self._uplink.discard()
        self._capture.sink = None
        self._queue.flush()

    def take_recorded(self) -> bytes:
        """The backlog so far, s16le mono 48 kHz, pauses shortened; it is empty afterwards."""
        return self._uplink.take()

    def hear(self, block: Block) -> None:
        """Play the next 480 samples of the agent's voice."""
        self._queue.push(block)

    def flush(self) -> None:
        """Forget what of the agent's voice is not played yet."""
        self._queue.flush()

    def play(self, earcon: Earcon) -> None:
        """Sound a tone at once, over the agent's voice; one that still sounds gives way."""
        self._mixer.play(self._earcons[earcon])

    def mute(self, muted: bool) -> None:
        """While muted the microphone gives silence, to the agent and to the detector of speech, and what is not sent yet is forgotten."""
        self._capture.muted = muted
        if muted:
            self._uplink.take()

    @property
    def gain(self) -> float:
        """The speaker's software gain in dB: the configuration's until it is set."""
        return self._playout.gain.decibel

    @gain.setter
    def gain(self, decibel: float) -> None:
        self._playout.gain.decibel = decibel

    def opened(self) -> dict[str, Opened]:
        """The devices that give or take sound now, by direction."""
        running = {direction.name: direction.running for direction in (self._microphone, self._speaker)}
        return {name: device for name, device in self._opened.items() if running[name]}

    def figures(self) -> SoundFigures:
        """What is going on now; cheap."""
        return SoundFigures(
            microphone_level=self._capture.level,
            speaker_level=self._playout.level,
            microphone_xruns=self._capture.xruns,
            speaker_xruns=self._playout.xruns,
            uplink_dropped_ms=self._uplink.dropped * BLOCK_S * 1000,
            downlink_dropped_ms=milliseconds(self._queue.dropped),
            downlink_underruns=self._queue.underruns,
            backlog_ms=self._uplink.backlog * BLOCK_S * 1000,
            queue_ms=self._queue.queued_ms,
            blocks_captured=self._capture.blocks,
            blocks_played=self._playout.blocks,
            threads_abandoned=self._microphone.abandoned + self._speaker.abandoned,
            threads_stuck=self._microphone.stuck + self._speaker.stuck,
            speaker_active=self._playout.active,
        )

    def _open_microphone(self) -> MicrophoneStream:
        microphone = self._config.microphone
        return self._card.open_microphone(microphone.device, self._config.latency, microphone.channel)

    async def _reopen(self, direction: Direction[Any]) -> None:
        async with self._rescanning:
            try:
                await direction.pause()
            finally:
                self._allow(direction)

    def _allow(self, direction: Direction[Any]) -> None:
        """Let it open its device again, unless both are to be left alone."""
        if not self._away:
            direction.resume()

    def _speech(self) -> None:
        self._on_loop(self.on_speech)

    def _drained(self) -> None:
        self._on_loop(self.on_drained)

    def _on_loop(self, callback: Callable[[], None]) -> None:
        # An abandoned thread may come back after the loop has gone.
        with contextlib.suppress(RuntimeError):
            if self._loop is not None:
                self._loop.call_soon_threadsafe(callback)

    async def _keep(self, direction: Direction[Any], other: Direction[Any]) -> None:
        backoff = Backoff(base=0.5, cap=_RETRY_CAP)
        while True:
            error = await direction.serve()
            self._try(direction.name)
            if error is None or self._away:
                continue
            if direction.name not in self._faults:
                backoff.reset()
            if (direction.stuck or other.stuck) and await self._worth_a_look(error, other):
                error = _hopeless(direction.name, error)
            known = self._faults.get(direction.name)
            # One that is broken and opens all the same, but gives nothing, is still what it was.
            if known is None or (known != error.code and not error.code.endswith("-stalled")):
                self._faults[direction.name] = error.code
                self.on_fault(direction.name, error)
            await self._look_again(direction, other, error)
            await asyncio.sleep(backoff.next())

    async def _worth_a_look(self, error: SoundError, other: Direction[Any]) -> bool:
        """Whether another list of the card's devices can help, and costs no healthy direction for nothing."""
        missing = error.code.endswith("-missing")
        blind = missing and not other.running and asyncio.get_running_loop().time() - self._rescanned >= _RESCAN
        return blind or await asyncio.to_thread(self._card.changed)

    async def _look_again(self, direction: Direction[Any], other: Direction[Any], error: SoundError) -> None:
        """Renew the card's list of devices, which needs both directions closed and no thread inside the library."""
        async with self._rescanning:
            if self._away or direction.stuck or other.stuck or not await self._worth_a_look(error, other):
                return
            await other.pause()
            try:
                if not other.stuck:
                    self._rescanned = asyncio.get_running_loop().time()
                    await asyncio.to_thread(self._card.rescan)
            finally:
                self._allow(other)

    def _running(self, name: str, stream: Stream) -> None:
        self._latency[name] = stream.latency
        self._opened[name] = Opened(stream.name, stream.rate, stream.channels)
        self._capture.delay_ms = round(sum(self._latency.values()) * 1000)
        self._try(name)

    def _steady(self, name: str) -> None:
        if self._faults.pop(name, None) is not None:
            self.on_fault(name, None)

    def _try(self, name: str) -> None:
        self._untried.discard(name)
        if not self._untried:
            self.tried.set()


def _cleaning(config: AudioConfig) -> tuple[bool, bool, bool]:
    return config.echo_cancellation, config.noise_suppression, config.gain_control


def _made(config: EarconConfig) -> Earcons:
    earcons = Earcons(config)
    earcons.load_files()
    return earcons


def _hopeless(direction: str, error: SoundError) -> SoundError:
    return SoundError(
        f"{error}; a thread does not come back from the sound library, so devices that have come cannot be seen",
        code=f"{direction}-stuck",
        hint="restart the service",
    )
