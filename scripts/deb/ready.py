"""How long the installed daemon takes from its first line to READY=1, and from SIGTERM to its end: run on a machine without systemd."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
import tempfile
import time
from pathlib import Path

PATIENCE = 300.0
"""Seconds; an emulated processor takes its time."""


def main() -> None:
    """Prints one line; ends with 1 and the daemon's own words where it does not become ready."""
    user = pwd.getpwnam("voice-kiosk")
    runtime, credentials = Path("/run/voice-kiosk"), Path("/run/voice-kiosk-credentials")
    for folder in (runtime, credentials):
        folder.mkdir(mode=0o750, exist_ok=True)
        os.chown(folder, user.pw_uid, user.pw_gid)
    key = credentials / "api-key"
    key.write_bytes(Path("/etc/voice-kiosk/credentials/api-key").read_bytes())
    os.chown(key, user.pw_uid, user.pw_gid)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify, tempfile.NamedTemporaryFile() as log:
        notify.bind(str(runtime / "notify"))
        os.chown(runtime / "notify", user.pw_uid, user.pw_gid)
        notify.settimeout(1.0)
        began = time.monotonic()
        daemon = subprocess.Popen(
            ["/usr/bin/voice-kiosk", "run"],
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=os.getgrouplist(user.pw_name, user.pw_gid),
            cwd=runtime,
            env={
                "NOTIFY_SOCKET": str(runtime / "notify"),
                "CREDENTIALS_DIRECTORY": str(credentials),
                "PATH": "/usr/bin",
                # The emulator's, where there is one, not the daemon's.
                **{name: value for name, value in os.environ.items() if name.startswith("QEMU_")},
            },
            stderr=log,
        )
        status = ""
        while True:
            if daemon.poll() is not None or time.monotonic() - began > PATIENCE:
                raise SystemExit(f"  voice-kiosk run: not ready, exit {daemon.poll()}: {Path(log.name).read_text()[-2000:]}")
            try:
                message = notify.recv(4096).decode()
            except TimeoutError:
                continue
            status = message.removeprefix("STATUS=") if message.startswith("STATUS=") else status
            if message == "READY=1":
                break
        ready = time.monotonic() - began
        time.sleep(2)
        began = time.monotonic()
        daemon.terminate()
        code = daemon.wait(PATIENCE)
    print(f"  voice-kiosk run: READY after {ready:.1f} s ({status}); after SIGTERM exit {code} in {time.monotonic() - began:.1f} s")
    if code != 0:
        raise SystemExit(1)


main()
