"""`python -m scripts.deb`, which scripts/build-deb runs."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Annotated, Literal

import typer

from scripts.deb.pack import pack
from scripts.deb.target import RELEASES, ROOT, Target
from scripts.deb.tree import lay_out


def native() -> str:
    """This machine's architecture, in Debian's words."""
    return subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True).stdout.strip()


def age() -> int:
    """The time that every file gets: SOURCE_DATE_EPOCH, else the last commit's, else pyproject.toml's."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    try:
        asked = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return int((ROOT / "pyproject.toml").stat().st_mtime)
    return int(asked.stdout)


def main(
    arch: Annotated[Literal["amd64", "arm64"] | None, typer.Option(help="The processor; this machine's if not given.")] = None,
    release: Annotated[
        Literal["bookworm", "trixie"] | None, typer.Option(help="Only for this release, and smaller; for both if not given.")
    ] = None,
    output: Annotated[Path, typer.Option(help="The folder it is put into.")] = Path("dist"),
) -> None:
    """Make voice-kiosk_VERSION_ARCH.deb with everything of PyPI inside. Fetches wheels; runs nothing of the other processor."""
    target = Target(arch or native(), (RELEASES[release],) if release else tuple(RELEASES.values()))
    with tempfile.TemporaryDirectory() as folder:
        work, tree = Path(folder) / "work", Path(folder) / "tree"
        work.mkdir()
        tree.mkdir()
        lay_out(target, work, tree, age())
        package = pack(target, tree, output, age())
    typer.echo(f"{package}  {package.stat().st_size / 1e6:.1f} MB")


typer.run(main)
