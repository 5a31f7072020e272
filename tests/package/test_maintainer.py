"""The package's scripts, run as dpkg runs them: in a root of their own, on this machine's programs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from scripts.deb.pack import SCRIPTS
from scripts.deb.tree import LIBRARIES

STAND_INS = ("deb-systemd-helper", "deb-systemd-invoke", "systemctl", "systemd-sysusers", "userdel", "udevadm")
"""What would change the machine, or ask for one that has booted; each call of theirs is written down."""
STATE = "var/lib/voice-kiosk"
ENTER = """\
mount --rbind / "$1/machine" && mount -o remount,bind,ro "$1/machine"
if [ -n "$2" ]; then mount -t tmpfs none "$1/$2" && mkdir -p "$1/$2/folder" && : >"$1/$2/folder/file"; fi
chroot "$1" /bin/sh "/$3" "$4" "$5" || exit
[ -z "$2" ] || ls -A "$1/$2"
"""


class Root:
    """A machine's root on which nothing but the package's own folders can be written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("machine", "usr/lib", "usr/local/bin", "etc/voice-kiosk/credentials", STATE, "tmp"):
            (folder / name).mkdir(parents=True)
        # The machine's own programs and libraries, in a /usr/lib that has room for the package's.
        libraries = [f"usr/lib/{each.name}" for each in Path("/usr/lib").iterdir()]
        for name in ("dev", "lib64", "usr/bin", "usr/sbin", *libraries):
            if name != LIBRARIES and Path("/", name).exists():
                (folder / name).symlink_to(Path("/machine", name))
        for name in ("bin", "sbin", "lib"):
            (folder / name).symlink_to(Path("usr", name))
        # Whoever runs the tests may have no other user to give files to.
        (folder / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\nvoice-kiosk:x:0:0::/:/bin/sh\n")
        (folder / "etc/group").write_text("root:x:0:\nvoice-kiosk:x:0:\n")
        for name in STAND_INS:
            program = folder / "usr/local/bin" / name
            program.write_text(f'#!/bin/sh\necho {name} "$@" >>/calls\n')
            program.chmod(0o755)
        for name in ("postinst", "prerm", "postrm"):
            (folder / name).write_bytes((SCRIPTS / name).read_bytes())

    def boot(self) -> None:
        """systemd runs."""
        (self.folder / "run/systemd/system").mkdir(parents=True)

    def unpack(self) -> Path:
        """A module of the package's; the place of its byte code."""
        module = self.folder / LIBRARIES / "python3/kiosk/module.py"
        module.parent.mkdir(parents=True)
        module.write_text("X = 1\n")
        return module.parent / "__pycache__"

    def run(self, script: str, reason: str, version: str = "", *, mounted: str = "", says: str = "") -> list[str]:
        """One script as dpkg calls it; what it says. `mounted` is a mount point with files in it: what is left there comes last.

        says: what it writes on stderr.
        """
        namespace = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
        path = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        command = [*namespace, "sh", "-c", ENTER, "sh", self.folder, mounted, script, reason, version]
        done = subprocess.run(command, env={"PATH": path, "LC_ALL": "C"}, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, says), done
        return done.stdout.splitlines()

    def told(self) -> list[str]:
        """What systemd was told."""
        calls = self.folder / "calls"
        return calls.read_text().splitlines() if calls.exists() else []


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path / "root")


@pytest.mark.parametrize("mounted", ["", STATE])
def test_purge_takes_everything_but_a_mount_point_itself(root: Root, mounted: str) -> None:
    assert root.run("postrm", "purge", mounted=mounted) == []
    assert not (root.folder / "etc/voice-kiosk").exists()
    assert (root.folder / STATE).exists() is bool(mounted)
    assert "deb-systemd-helper purge voice-kiosk.service" in root.told()


@pytest.mark.parametrize("reason", ["remove", "upgrade", "failed-upgrade", "deconfigure"])
def test_a_package_whose_libraries_are_gone_can_be_removed_and_replaced(root: Root, reason: str) -> None:
    root.run("prerm", reason, "2")


@pytest.mark.parametrize(
    ("before", "undone"), [("upgrade", "abort-upgrade"), ("remove", "abort-remove"), ("deconfigure", "abort-deconfigure")]
)
def test_what_is_called_off_leaves_byte_code_and_a_running_daemon(root: Root, before: str, undone: str) -> None:
    root.boot()
    code = root.unpack()
    code.mkdir()
    root.run("prerm", before, "2")
    assert not code.exists()
    root.run("postinst", undone, "2")
    assert [each.suffix for each in code.iterdir()] == [".pyc"]
    assert root.told()[-1] == "deb-systemd-invoke start voice-kiosk.service"
    assert not (root.folder / "etc/voice-kiosk/config.yaml").exists()


def test_what_is_called_off_while_python_is_away_is_no_error(root: Root) -> None:
    (root.folder / "usr/local/bin/python3").symlink_to("/bin/false")
    root.run("postinst", "abort-upgrade", "2", says="voice-kiosk: some files are left without byte code\n")
