"""What a package is made for: processors and Debian releases."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent.parent
PROCESSORS: Final = {"amd64": "x86_64", "arm64": "aarch64"}
"""Debian's name and everybody else's."""


@dataclass(frozen=True, slots=True)
class Release:
    """A release of Debian, and of Raspberry Pi OS after it."""

    number: int
    python: str
    glibc: str
    """The newest manylinux tag that runs on it."""

    @property
    def depends(self) -> tuple[str, str]:
        """From and up to which python3."""
        major, minor = self.python.split(".")
        return f"{self.python}~", f"{major}.{int(minor) + 1}~"


RELEASES: Final = {"bookworm": Release(12, "3.11", "2_36"), "trixie": Release(13, "3.13", "2_40")}


@dataclass(frozen=True, slots=True)
class Target:
    """One package: Debian's architecture, and the releases it serves."""

    arch: str
    releases: tuple[Release, ...]

    @property
    def version(self) -> str:
        """The project's; a package for one release alone sorts before the one for all."""
        project: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
        return project if len(self.releases) == len(RELEASES) else f"{project}~deb{self.releases[0].number}"

    @property
    def file_name(self) -> str:
        """Of the package."""
        return f"voice-kiosk_{self.version}_{self.arch}.deb"
