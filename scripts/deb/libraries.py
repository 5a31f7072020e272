"""Everything of PyPI that the package holds: the lock's wheels for each Python, without what no device needs, equal parts once."""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from scripts.deb.lgpio import build_lgpio
from scripts.deb.target import PROCESSORS, ROOT, Release, Target

COMMON: Final = "python3"
"""Folder of what all Pythons of a package share; `python3.11` and the like stand beside it."""
BY_DEBIAN: Final[tuple[str, ...]] = ("systemd-python", "setuptools")
"""In the lock for scripts/setup: the first has no wheel and comes as Debian's python3-systemd, the second only builds the first."""
NEEDLESS_FOLDERS: Final = ("tests", "bin", "include", "__pycache__")
NEEDLESS_FILES: Final = ("*.pyi", "*.pxd", "*.pyx", "*.h", "*.hpp", "*.a", "RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "WHEEL")


def uv(*arguments: str | Path) -> None:
    """Runs the builder's uv; CalledProcessError when it fails, whose words are on stderr then.

    What it keeps of its fetching stays in this folder, so that a device on which it ran has nothing left of it elsewhere.
    """
    environment = {"UV_CACHE_DIR": str(ROOT / ".cache/deb/uv"), **os.environ}
    subprocess.run([Path(sys.executable).with_name("uv"), "--quiet", *arguments], check=True, cwd=ROOT, env=environment)


def collect(target: Target, work: Path, into: Path) -> None:
    """Fills `into` with COMMON and a folder for each Python where they differ. `work` is for what is made on the way."""
    folders: dict[str, Path] = {}
    for release in target.releases:
        folders[release.python] = folder = work / release.python
        fetch(target.arch, release, work, folder)
        prune(folder)
    share(folders, into)


def fetch(arch: str, release: Release, work: Path, folder: Path) -> None:
    """Installs the lock's wheels, hashes checked, as they are for that processor and Python; builds the one that has none."""
    excluded: list[str] = list(BY_DEBIAN)
    compiled = arch == "amd64" and release.python == "3.13"
    if compiled:
        excluded.append("adafruit-lgpio")
    excludes = work / "excluded.txt"
    excludes.write_text("\n".join(excluded))
    platform = ("--python-version", release.python, "--python-platform", f"{PROCESSORS[arch]}-manylinux_{release.glibc}")
    exact = ("--no-deps", "--only-binary", ":all:", "--require-hashes", "--link-mode", "copy")
    uv("pip", "install", *exact, *platform, "--excludes", excludes, "--target", folder, "-r", "requirements.lock")
    if compiled:
        build_lgpio(work, folder)


def prune(folder: Path) -> None:
    """Takes out tests, headers, stubs and whatever only pip reads."""
    for name in NEEDLESS_FOLDERS:
        for found in sorted(folder.rglob(name)):
            if found.is_dir():
                shutil.rmtree(found)
    for name in NEEDLESS_FILES:
        for found in folder.rglob(name):
            found.unlink()


def share(folders: Mapping[str, Path], into: Path) -> None:
    """Moves each top-level entry to COMMON unless one of its files differs between the Pythons or only one has it at all."""
    common = into / COMMON
    common.mkdir(parents=True)
    for name in sorted({entry.name for folder in folders.values() for entry in folder.iterdir()}):
        entries = {python: folder / name for python, folder in folders.items()}
        if agree(list(entries.values())):
            for entry in entries.values():
                merge(entry, common / name)
        else:
            for python, entry in entries.items():
                if entry.exists():
                    merge(entry, into / f"python{python}" / name)
    link_back(folders, into)


def link_back(folders: Iterable[str], into: Path) -> None:
    """A package's shared libraries (auditwheel's NAME.libs) are looked for beside it: linked where they went to COMMON without it."""
    for libraries in sorted((into / COMMON).glob("*.libs")):
        for python in folders:
            own = into / f"python{python}"
            if (own / libraries.stem).exists():
                (own / libraries.name).symlink_to(Path("..") / COMMON / libraries.name)


def agree(entries: list[Path]) -> bool:
    """Whether all are there and no file of the same place differs; machine code of several Pythons has several names and fits together."""
    if not all(entry.exists() for entry in entries):
        return False
    seen: dict[Path, Path] = {}
    for entry in entries:
        for file in files(entry):
            other = seen.setdefault(file.relative_to(entry), file)
            if not filecmp.cmp(file, other, shallow=False):
                return False
    return True


def files(entry: Path) -> Iterator[Path]:
    """The files at or below `entry`."""
    return (file for file in ([entry] if entry.is_file() else entry.rglob("*")) if file.is_file())


def merge(entry: Path, into: Path) -> None:
    """Copies a file or a folder over what is there."""
    into.parent.mkdir(parents=True, exist_ok=True)
    if entry.is_dir():
        shutil.copytree(entry, into, dirs_exist_ok=True)
    else:
        shutil.copy2(entry, into)
