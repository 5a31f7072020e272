"""A sound card without a card: a private PipeWire with two null sinks behind ALSA, and what a test needs at their far ends.

    mouth -> kiosk_mic_in ==> kiosk_mic -> the daemon's microphone      the daemon's speaker -> kiosk_speaker ==> kiosk_speaker_out -> ear

Needs Debian's pipewire, pipewire-alsa and wireplumber; no D-Bus, no systemd, any user, root too. Measured: the cable adds 24 ms at a
buffer of 20 ms at each end.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tests.parts.process import guarded

MICROPHONE: Final = "kiosk_mic"
SPEAKER: Final = "kiosk_speaker"
INTO_MICROPHONE: Final = "kiosk_mic_in"
FROM_SPEAKER: Final = "kiosk_speaker_out"

QUANTUM: Final = 240
"""Samples of the server's cycle at 48 kHz: 5 ms."""

_EAGER: Final = ("nice", "-n", "-15")
"""Measured on two shared cores: without it the cable loses 1 to 10 % of a second now and then, with it under 2 %. Without the right to it
nice only warns. A longer quantum or a real-time class does no better."""

_NODE: Final = """{{ factory.name = support.null-audio-sink node.name = {name} media.class = Audio/Sink
    object.linger = true audio.position = [ MONO ] audio.rate = 48000 }}"""
_SINK: Final = f"{{{{ factory = adapter args = {_NODE} }}}}"
_SERVER: Final = f"""
context.properties = {{
  core.daemon = true
  core.name = pipewire-0
  default.clock.rate = 48000
  default.clock.allowed-rates = [ 48000 ]
  default.clock.quantum = {QUANTUM}
  default.clock.min-quantum = {QUANTUM}
  default.clock.max-quantum = {QUANTUM}
}}
context.spa-libs = {{ audio.convert.* = audioconvert/libspa-audioconvert  support.* = support/libspa-support }}
context.modules = [
  {{ name = libpipewire-module-protocol-native }}
  {{ name = libpipewire-module-metadata }}
  {{ name = libpipewire-module-spa-node-factory }}
  {{ name = libpipewire-module-client-node }}
  {{ name = libpipewire-module-access }}
  {{ name = libpipewire-module-adapter }}
  {{ name = libpipewire-module-link-factory }}
  {{ name = libpipewire-module-session-manager }}
]
context.objects = [
  {{ factory = spa-node-factory args = {{ factory.name = support.node.driver node.name = Dummy-Driver node.group = pipewire.dummy
    priority.driver = 20000 }} }}
  {_SINK.format(name="kiosk-mic")}
  {_SINK.format(name="kiosk-speaker")}
]
"""

_MANAGER: Final = """
context.properties = { log.level = 2  wireplumber.script-engine = lua-scripting }
context.spa-libs = { audio.convert.* = audioconvert/libspa-audioconvert  support.* = support/libspa-support }
context.modules = [
  { name = libpipewire-module-protocol-native }
  { name = libpipewire-module-client-node }
  { name = libpipewire-module-adapter }
  { name = libpipewire-module-metadata }
  { name = libpipewire-module-session-manager }
]
wireplumber.components = [
  { name = libwireplumber-module-lua-scripting, type = module }
  { name = kiosk.lua, type = config/lua }
]
"""
# WirePlumber 0.4's own configuration wants D-Bus for real devices; only linking streams to nodes is needed here.
_MANAGER_SCRIPT: Final = """
components = {}
for _, name in ipairs { "si-node", "si-audio-adapter", "si-standard-link", "si-audio-endpoint", "default-nodes-api", "metadata" } do
  components[name] = { "libwireplumber-module-" .. name, type = "module", args = {} }
end
for _, script in ipairs { "access/access-default.lua", "create-item.lua", "policy-node.lua" } do
  components[script] = { script, type = "script/lua", args = { ["move"] = true, ["follow"] = true } }
end
"""
_ALSA: Final = f"""
</usr/share/alsa/alsa.conf>
pcm_type.pipewire {{ lib libasound_module_pcm_pipewire.so }}
pcm.{INTO_MICROPHONE} {{ type pipewire playback_node "kiosk-mic" }}
pcm.{MICROPHONE} {{ type pipewire capture_node "kiosk-mic" }}
pcm.{SPEAKER} {{ type pipewire playback_node "kiosk-speaker" }}
pcm.{FROM_SPEAKER} {{ type pipewire capture_node "kiosk-speaker" }}
"""


class PipeWire:
    """The server in a folder of its own. kill() is pulling both plugs, unplug() one, freeze() a card that stalls without an error."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        self._runtime = folder / "runtime"
        self._runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "manager").mkdir(exist_ok=True)
        (folder / "pipewire.conf").write_text(_SERVER)
        (folder / "asound.conf").write_text(_ALSA)
        (folder / "manager" / "wireplumber.conf").write_text(_MANAGER)
        (folder / "manager" / "kiosk.lua").write_text(_MANAGER_SCRIPT)

    @property
    def environment(self) -> Mapping[str, str]:
        """What a program needs to see the four PCMs; to be set before it loads ALSA."""
        return {
            "ALSA_CONFIG_PATH": str(self._folder / "asound.conf"),
            "PIPEWIRE_RUNTIME_DIR": str(self._runtime),
            # Without the last two a stream whose sink goes waits for another one or takes it; a sound card's fails.
            "PIPEWIRE_ALSA": "{ stream.capture.sink=true node.dont-reconnect=true node.dont-fallback=true }",
        }

    def start(self) -> None:
        """Start it and wait until both sinks are there, at most 10 s; from the main thread (see `guarded`)."""
        self._spawn("pipewire", ["pipewire", "-c", self._folder / "pipewire.conf"], {})
        self._await("Node", "kiosk-speaker")
        if _version_of_manager() < (0, 5):
            self._spawn("wireplumber", ["wireplumber"], {"WIREPLUMBER_CONFIG_DIR": str(self._folder / "manager")})
        else:
            self._spawn("wireplumber", ["wireplumber", "--profile", "policy"], {})
        self._await("Client", "WirePlumber")

    def kill(self) -> None:
        """End it at once, with no word to its clients."""
        for process in self._processes:
            process.kill()
            process.wait()
        self._processes.clear()
        for name in ("pipewire-0", "pipewire-0.lock"):
            (self._runtime / name).unlink(missing_ok=True)

    def freeze(self) -> None:
        """Stop its clock; clients see nothing but that no sound comes."""
        self._processes[0].send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._processes[0].send_signal(signal.SIGCONT)

    def unplug(self, pcm: str) -> None:
        """Take one sink away, MICROPHONE's or SPEAKER's: what is open on either end of it fails at once."""
        name = pcm.replace("_", "-")
        found = re.search(rf'^\tid (\d+), (?:(?!^\tid ).)*?node\.name = "{name}"', self._listed("Node"), re.MULTILINE | re.DOTALL)
        if found is None:
            raise RuntimeError(f"PipeWire shows no node {name}")
        self._command("destroy", found[1])

    def plug(self, pcm: str) -> None:
        """Put it back: the same name under another number."""
        name = pcm.replace("_", "-")
        self._command("create-node", "adapter", _NODE.format(name=name))
        self._await("Node", name)

    def define(self, definition: str) -> None:
        """Add to ALSA's configuration for good; programs see it when they next list the devices."""
        with (self._folder / "asound.conf").open("a") as file:
            file.write(definition + "\n")

    def _command(self, *words: str) -> str:
        environment = {**os.environ, **self.environment}
        return subprocess.run(["pw-cli", *words], env=environment, capture_output=True, text=True, timeout=2, check=False).stdout

    def _listed(self, kind: str) -> str:
        return self._command("ls", kind)

    def _spawn(self, name: str, argv: list[str | Path], extra: Mapping[str, str]) -> None:
        environment = {**os.environ, **self.environment, **extra, "XDG_RUNTIME_DIR": str(self._runtime), "HOME": str(self._folder)}
        environment.pop("DBUS_SESSION_BUS_ADDRESS", None)
        with (self._folder / f"{name}.log").open("wb") as log:
            self._processes.append(
                subprocess.Popen([*_EAGER, *guarded(argv)], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            )

    def _await(self, kind: str, name: str) -> None:
        deadline = time.monotonic() + 10.0
        while time.monotonic() < deadline:
            with suppress(subprocess.TimeoutExpired):
                if name in self._listed(kind):
                    return
            time.sleep(0.05)
        logs = "\n".join(path.read_text(errors="replace")[-2000:] for path in sorted(self._folder.glob("*.log")))
        raise RuntimeError(f"PipeWire shows no {kind} {name} after 10 s:\n{logs}")


@contextmanager
def virtual_card(folder: Path) -> Generator[PipeWire]:
    """A running PipeWire, and this process' environment set so that ALSA finds it."""
    pipewire = PipeWire(folder)
    before = {key: os.environ.get(key) for key in pipewire.environment}
    os.environ.update(pipewire.environment)
    try:
        pipewire.start()
        yield pipewire
    finally:
        pipewire.kill()
        for key, value in before.items():
            if value is None:
                del os.environ[key]
            else:
                os.environ[key] = value


def _version_of_manager() -> tuple[int, ...]:
    text = subprocess.run(["wireplumber", "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(part) for part in text.split()[-1].split(".")[:2])
