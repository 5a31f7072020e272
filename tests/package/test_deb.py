"""The Debian package without its libraries: metadata, places, modes, the same bytes each time; and how libraries are shared."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from kiosk.config.loader import parse
from scripts.deb.libraries import COMMON, prune, share
from scripts.deb.pack import MAINTAINER_SCRIPTS, SCRIPTS, control, pack
from scripts.deb.target import RELEASES, Target
from scripts.deb.tree import LIBRARIES, lay_out_words
from tests.parts.process import ROOT

EPOCH = 1_700_000_000
BOTH = Target("arm64", tuple(RELEASES.values()))


def built(folder: Path) -> Path:
    tree = folder / "tree"
    tree.mkdir(parents=True)
    lay_out_words(BOTH.version, tree, EPOCH)
    return pack(BOTH, tree, folder, EPOCH, compression="none")


def told(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("deb"))


def test_it_is_named_and_described(package: Path) -> None:
    assert package.name == f"voice-kiosk_{BOTH.version}_arm64.deb"
    fields = told("dpkg-deb", "-f", package, "Package", "Version", "Architecture").splitlines()
    assert fields == ["Package: voice-kiosk", f"Version: {BOTH.version}", "Architecture: arm64"]


def test_modes_and_owners(package: Path) -> None:
    rows = [line.split(maxsplit=5) for line in told("dpkg-deb", "-c", package).splitlines()]
    assert {row[1] for row in rows} == {"root/root"}
    assert [row[5] for row in rows if row[0] == "-rwxr-xr-x"] == ["./usr/bin/voice-kiosk"]
    assert {row[0] for row in rows} == {"drwxr-xr-x", "-rw-r--r--", "-rwxr-xr-x"}


def test_nothing_of_the_technician_is_in_it(package: Path) -> None:
    assert "./etc" not in told("dpkg-deb", "-c", package), "a conffile would ask at upgrades"


def test_the_same_bytes_each_time(package: Path, tmp_path: Path) -> None:
    mask = os.umask(0o077)
    try:
        again = built(tmp_path)
    finally:
        os.umask(mask)
    assert again.read_bytes() == package.read_bytes()


@pytest.mark.parametrize("name", MAINTAINER_SCRIPTS)
def test_maintainer_scripts_are_shell_and_stop_at_an_error(name: str) -> None:
    script = SCRIPTS / name
    told("sh", "-n", script)
    assert "\nset -e\n" in script.read_text()


@pytest.mark.parametrize(
    ("releases", "version", "pythons"),
    [
        (("bookworm", "trixie"), "", {"3.11", "3.13"}),
        (("bookworm",), "~deb12", {"3.11"}),
        (("trixie",), "~deb13", {"3.13"}),
    ],
)
def test_only_pythons_that_are_inside_will_do(releases: tuple[str, ...], version: str, pythons: set[str]) -> None:
    target = Target("amd64", tuple(RELEASES[name] for name in releases))
    assert target.version == BOTH.version + version
    depends = next(line for line in control(target, 0).splitlines() if line.startswith("Depends: ")).removeprefix("Depends: ")
    wanted = [clause for clause in depends.split(", ") if clause.startswith("python3 ")]
    installable = {
        python
        for python in ("3.10", "3.11", "3.12", "3.13", "3.14")
        if all(any(satisfied(one, f"{python}.2-1") for one in clause.split(" | ")) for clause in wanted)
    }
    assert installable == pythons


def test_the_mixer_that_the_doctor_prescribes_comes_along() -> None:
    assert all(program in (ROOT / "kiosk/doctor/sound.py").read_text() for program in ("alsamixer", "alsactl"))
    depends = next(line for line in control(BOTH, 0).splitlines() if line.startswith("Depends: ")).removeprefix("Depends: ")
    assert "alsa-utils" in depends.split(", ")


@pytest.mark.parametrize("text", ["config/config.yaml", "config/toggle.yaml", "config/schema.json", "docs/technician.md"])
def test_names_of_sound_devices_are_asked_of_the_kiosk_itself(text: str) -> None:
    content = (ROOT / text).read_text()
    assert "`voice-kiosk devices`" in content or "`sudo voice-kiosk devices`" in content
    assert not re.search(r"arecord|aplay", content), "most of the names that ALSA's own lists have are not understood"


def satisfied(relation: str, version: str) -> bool:
    """Whether dpkg finds `python3 (>= 3.11~)` satisfied by a version."""
    _, operator, bound = relation.replace("(", "").replace(")", "").split()
    return subprocess.run(["dpkg", "--compare-versions", version, operator, bound], check=False).returncode == 0


def test_a_package_for_one_release_gives_way_to_the_one_for_both() -> None:
    one = Target("amd64", (RELEASES["trixie"],))
    assert subprocess.run(["dpkg", "--compare-versions", one.version, "lt", BOTH.version], check=False).returncode == 0


def test_the_program_finds_its_libraries() -> None:
    assert f'LIBRARIES = "/{LIBRARIES}/{COMMON}"' in (ROOT / "systemd" / "voice-kiosk").read_text()


def test_the_example_needs_only_the_agent() -> None:
    text = (ROOT / "config" / "config.yaml").read_text()
    assert '#agent_id: ""' in text, "scripts/deb/walk fills it in as a technician would"
    parse(text.replace('#agent_id: ""', "agent_id: an-agent").encode(), "config.yaml")


def put(folder: Path, **contents: str) -> None:
    """Files by path, `__` standing for `/` and `_dot_` for `.`."""
    for name, content in contents.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def places(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_libraries_are_shared_where_no_file_differs(tmp_path: Path) -> None:
    older, newer, into = tmp_path / "older", tmp_path / "newer", tmp_path / "into"
    put(older, same__a_dot_py="1", native__a_dot_py="1", native__x_dot_311_dot_so="old", other__a_dot_py="1", single_dot_py="1")
    put(newer, same__a_dot_py="1", native__a_dot_py="1", native__x_dot_313_dot_so="new", other__a_dot_py="2")
    share({"3.11": older, "3.13": newer}, into)
    assert places(into) == [
        "python3.11/other/a.py",
        "python3.11/single.py",
        "python3.13/other/a.py",
        "python3/native/a.py",
        "python3/native/x.311.so",
        "python3/native/x.313.so",
        "python3/same/a.py",
    ]


def test_shared_libraries_are_found_beside_a_package_that_differs(tmp_path: Path) -> None:
    older, newer, into = tmp_path / "older", tmp_path / "newer", tmp_path / "into"
    for folder, text in ((older, "a"), (newer, "b")):
        for name, content in (
            ("numpy/core.so", text),
            ("numpy.libs/blas.so", "same"),
            ("av/core.so", "same"),
            ("av.libs/codec.so", "same"),
        ):
            (folder / name).parent.mkdir(parents=True)
            (folder / name).write_text(content)
    share({"3.11": older, "3.13": newer}, into)
    for python in ("3.11", "3.13"):
        beside = into / f"python{python}" / "numpy" / ".." / "numpy.libs" / "blas.so"
        assert beside.read_text() == "same"
        assert not (into / f"python{python}" / "av.libs").exists()
    assert not (into / "python3.13" / "numpy.libs").readlink().is_absolute()


def test_one_python_alone_shares_with_itself(tmp_path: Path) -> None:
    put(tmp_path / "only", a__b_dot_py="1")
    share({"3.13": tmp_path / "only"}, tmp_path / "into")
    assert places(tmp_path / "into") == ["python3/a/b.py"]


def test_what_no_device_needs_goes(tmp_path: Path) -> None:
    put(
        tmp_path,
        a__tests__b_dot_py="",
        a__b_dot_pyi="",
        a__b_dot_py="",
        bin__a="",
        a_dot_dist_info__RECORD="",
        a_dot_dist_info__METADATA="",
    )
    prune(tmp_path)
    assert places(tmp_path) == ["a.dist_info/METADATA", "a/b.py"]
