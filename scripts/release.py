"""Fetches livekit-server from a release: `release.py BASE_URL NAME FOLDER`. The published checksum is checked before anything is unpacked.

Exit code 1 with one line of reason when it cannot be had: another way is tried then.
"""

from __future__ import annotations

import hashlib
import http.client
import io
import platform
import sys
import tarfile
import urllib.request
from pathlib import Path

PATIENCE = 5.0
"""Seconds of silence (connect or read) after which the release counts as out of reach."""
PROCESSORS = {"x86_64": "amd64", "aarch64": "arm64"}
PROGRAM = "livekit-server"


def fetch(url: str) -> bytes:
    """The whole answer; OSError when there is none."""
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310  the address comes from the caller beside us
        return bytes(answer.read())


def published_checksum(checksums: str, archive: str) -> str:
    """The SHA-256 that `checksums.txt` (lines of `hash  name`) gives for `archive`; ValueError when it names none."""
    for line in checksums.splitlines():
        checksum, _, name = line.partition("  ")
        if name == archive:
            return checksum
    raise ValueError(f"checksums.txt does not name {archive}")


def unpack(archive: bytes, folder: Path) -> None:
    """Writes the program of a .tar.gz into `folder`; KeyError when it is not inside."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        member = tar.extractfile(PROGRAM)
        if member is None:
            raise ValueError(f"{PROGRAM} is no file in the archive")
        program = folder / PROGRAM
        program.write_bytes(member.read())
        program.chmod(0o755)


def download(base: str, name: str, folder: Path) -> None:
    """Puts the program for this processor into `folder`; OSError, ValueError or KeyError say why not."""
    archive = f"{name}_linux_{PROCESSORS[platform.machine()]}.tar.gz"
    checksum = published_checksum(fetch(f"{base}/checksums.txt").decode(), archive)
    content = fetch(f"{base}/{archive}")
    if hashlib.sha256(content).hexdigest() != checksum:
        raise ValueError(f"{archive} does not match its published checksum")
    unpack(content, folder)


def main(base: str, name: str, folder: str) -> int:
    """The script's exit code."""
    try:
        download(base, name, Path(folder))
    except (OSError, http.client.HTTPException, ValueError, KeyError, tarfile.TarError) as error:
        print(f"livekit-server: the official release cannot be had: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
