"""A network of the tests' own: a namespace whose only way out is a wire that loses, delays and swallows packets at will.

    kiosk's process -> kiosk side (10.a.b.2) ==wire==> world side (10.a.b.1): session API, DNS, media server, as on the internet

Needs root, iproute2 and /dev/net/tun; nothing outside the namespace is changed but for one device with one private address.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.parts.child import PYTHON, Child

RESOLVERS: Final = Path("/etc/netns")
"""`ip netns exec` puts what is in here over /etc."""


class Island:
    """`async with Island(folder) as island`; `command` comes before the command line of whoever is to live on it."""

    def __init__(self, folder: Path) -> None:
        number = f"{os.getpid() % 100_000}{time.monotonic_ns() % 1000:03}"
        self.name = f"kiosk{number}"
        net = f"10.{random.randint(64, 250)}.{random.randint(0, 254)}"
        self.gateway = f"{net}.1"
        """The world's address: media server, session API and DNS server are there."""
        self._addresses = [f"{net}.{last}" for last in range(2, 6)]
        self.command = ["ip", "netns", "exec", self.name]
        self._near, self._far = f"kn{number}", f"kw{number}"
        self._wire = Child([PYTHON, "-m", "tests.parts.island.wire_main", self._near, self._far], folder / "wire")

    async def __aenter__(self) -> Self:
        await self._wire.__aenter__()
        (RESOLVERS / self.name).mkdir(parents=True)
        (RESOLVERS / self.name / "resolv.conf").write_text(f"nameserver {self.gateway}\n")
        _ip("netns", "add", self.name)
        _ip("link", "set", self._near, "netns", self.name)
        _ip("address", "add", f"{self.gateway}/24", "dev", self._far)
        _ip("link", "set", self._far, "up")
        self._inside("link", "set", "lo", "up")
        self._inside("address", "add", f"{self._addresses[0]}/24", "dev", self._near)
        await self.plug()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._wire.kill()
        _ip("netns", "delete", self.name)
        shutil.rmtree(RESOLVERS / self.name)

    async def cut(self) -> float:
        """From now on every packet vanishes, and nobody is told; the monotonic time."""
        return float((await self._wire.ask("cut", on=True))["at"])

    async def heal(self) -> float:
        """Undoes `cut`; the monotonic time."""
        return float((await self._wire.ask("cut", on=False))["at"])

    async def spoil(self, *, loss: float = 0.0, delay: float = 0.0, spread: float = 0.0) -> None:
        """Each way: the share of packets that are lost, and the seconds (± spread) that the others take."""
        await self._wire.ask("spoil", loss=loss, delay=delay, spread=spread)

    async def unplug(self) -> float:
        """The device's own interface is down, which the kernel tells everybody; the monotonic time."""
        self._inside("link", "set", self._near, "down")
        return await self.now()

    async def plug(self) -> float:
        """Undoes `unplug`; the monotonic time."""
        self._inside("link", "set", self._near, "up")
        self._inside("route", "replace", "default", "via", self.gateway)
        return await self.now()

    async def readdress(self) -> float:
        """Another lease: the old address is gone, with all that was bound to it; the monotonic time."""
        self._inside("address", "flush", "dev", self._near)
        self._addresses.append(self._addresses.pop(0))
        self._inside("address", "add", f"{self._addresses[0]}/24", "dev", self._near)
        self._inside("route", "replace", "default", "via", self.gateway)
        return await self.now()

    async def now(self) -> float:
        """The monotonic time."""
        return time.monotonic()

    def _inside(self, *words: str) -> None:
        _ip("-n", self.name, *words)


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(words)}: {done.stderr.strip()} (namespaces need root)")
