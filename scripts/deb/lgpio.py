"""lgpio for Python 3.13 on x86-64, the one library without a wheel: compiled here, for every Python from 3.11 on at once."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Final

from scripts.deb.target import ROOT

LIMITED: Final = "Py_LIMITED_API=0x030b0000"
"""Python's stable interface as of 3.11: what is built with any Python runs with each newer one."""
RENAMED: Final = {
    # lgpio.i has the names of Python 2, which SWIG no longer translates.
    "PyInt_AsLong": "PyLong_AsLong",
    "PyInt_Check": "PyLong_Check",
    "PyInt_FromLong": "PyLong_FromLong",
    "PyString_FromString": "PyUnicode_FromString",
}


def build_lgpio(work: Path, folder: Path) -> None:
    """Puts `lgpio.py` and `_lgpio.abi3.so` into `folder`. Needs gcc and Python's headers on an x86-64 machine; SystemExit says so."""
    source = _source(work)
    macros = [f"-D{LIMITED}", *(f"-D{old}={new}" for old, new in RENAMED.items())]
    # -w: SWIG's code warns much; the prefix map keeps the place of the build out of it.
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "CFLAGS": " ".join(["-w", "-g0", f"-ffile-prefix-map={source}=.", *macros]),
    }
    built = work / "lgpio"
    build = [sys.executable, "setup.py", "--quiet", "build_ext", "--build-lib", str(built), "build_py", "--build-lib", str(built)]
    done = subprocess.run(build, cwd=source, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0 or os.uname().machine != "x86_64":
        hint = "on x86-64, with Debian's packages gcc, libc6-dev and python3-dev; or choose --arch arm64 or --release bookworm"
        raise SystemExit(f"{done.stderr[-2000:]}\nbuild-deb: lgpio must be compiled for Python 3.13 on x86-64: {hint}")
    (folder / "lgpio.py").write_bytes((built / "lgpio.py").read_bytes())
    (machine_code,) = built.glob("_lgpio.*.so")
    (folder / "_lgpio.abi3.so").write_bytes(machine_code.read_bytes())


def _source(work: Path) -> Path:
    """The unpacked source, fetched with the lock's hash."""
    lock = (ROOT / "requirements.lock").read_text()
    found = re.search(r"^adafruit-lgpio==\S+.*\n(?:    --hash.*\n?)+", lock, re.MULTILINE)
    if found is None:
        raise SystemExit("build-deb: requirements.lock does not name adafruit-lgpio")
    pinned = work / "lgpio.lock"
    pinned.write_text(re.sub(r" ; [^\\\n]*", " ", found[0]))
    # Its own build would need the newest Python; a download alone does not.
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    source = ["--no-deps", "--no-binary", ":all:", "--no-build-isolation", "--python-version", "3.13", "--require-hashes"]
    subprocess.run([*pip, *source, "-d", work, "-r", pinned], check=True)
    (archive,) = work.glob("adafruit_lgpio-*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(work, filter="data")
    return work / archive.name.removesuffix(".tar.gz")
