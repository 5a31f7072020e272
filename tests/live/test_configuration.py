"""The daemon's configuration on a disk that takes nothing, and after a night in which it was spoilt: real processes, real mounts."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.live.hall import KEY, settings
from tests.live.test_process import Systemd
from tests.parts.process import ROOT, guarded

# Every mount but the state folder's own becomes read-only, for this process and its children alone.
READ_ONLY: Final = """
mount --make-rprivate /
[ -z "$STATE_DIRECTORY" ] || mount --bind "$STATE_DIRECTORY" "$STATE_DIRECTORY"
cut -d' ' -f5 /proc/self/mountinfo | grep -vx "$STATE_DIRECTORY" | while read -r each; do mount -o remount,bind,ro "$each" 2>/dev/null; done
! touch "$CONFIG.new" 2>/dev/null || exit 99
exec "$0" -m kiosk run --config "$CONFIG"
"""


class Daemon:
    """`voice-kiosk run` on a read-only system; the API does not answer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config.yaml"
        self.state = folder / "state"
        self.systemd = Systemd(folder)
        self.write()

    def write(self, **changes: object) -> None:
        """The configuration, written from outside."""
        self.config.write_text(yaml.safe_dump(settings(session={"url": "http://127.0.0.1:9", "agent_id": "a"}) | changes))

    @asynccontextmanager
    async def running(self, *, state: bool) -> AsyncGenerator[Process]:
        """From READY to the end; the process."""
        environment = {**os.environ, "NOTIFY_SOCKET": str(self.systemd.path), "VOICE_KIOSK_API_KEY": KEY, "CONFIG": str(self.config)}
        environment |= {"STATE_DIRECTORY": str(self.state) if state else "", "PYTHONPATH": str(ROOT)}
        self.systemd.told.clear()
        command = guarded(["unshare", "--mount", "sh", "-c", READ_ONLY, sys.executable])
        process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=PIPE)
        try:
            await self.systemd.until("READY=1", 30)
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def kept(self, text: str) -> None:
        """Wait until the last good file has the text."""
        for _ in range(200):
            if (copy := self.state / "last-good.yaml").exists() and text in copy.read_text():
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"{text!r} was not kept")

    async def says(self, process: Process, text: str) -> None:
        """Wait until it has written the text on stderr: the log has a thread of its own, and so has the state folder."""
        assert process.stderr is not None
        async with asyncio.timeout(10):
            while text not in (line := (await process.stderr.readline()).decode()):
                assert line, f"it ended without saying {text!r}"

    async def ends(self, process: Process) -> str:
        """SIGTERM; what it wrote on stderr."""
        process.send_signal(signal.SIGTERM)
        _, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()
        return errors.decode()


@pytest.fixture
def daemon(tmp_path: Path) -> Generator[Daemon]:
    made = Daemon(tmp_path)
    yield made
    made.systemd.close()


async def test_only_the_state_folder_takes_anything_and_the_good_file_is_kept_there(daemon: Daemon) -> None:
    daemon.state.mkdir()
    async with daemon.running(state=True) as process:
        await daemon.systemd.until("STATUS=idle", 10)
        await daemon.kept("agent_id: a\n")
        daemon.write(talk={"mode": "toggle", "release_tail": "1s"})
        process.send_signal(signal.SIGHUP)
        await daemon.kept("release_tail: 1s")
        daemon.config.write_text("session: {agent_id: a}\ntalk:\n  mdoe: hold\n")
        process.send_signal(signal.SIGHUP)
        await daemon.systemd.until(f"{daemon.config}:3:3: talk.mdoe: unknown key", 10)
        assert "WARNING" in await daemon.ends(process)
    assert sorted(path.name for path in daemon.state.iterdir()) == ["last-good.yaml"]
    # The next morning: the file is still bad, and the device works.
    async with daemon.running(state=True) as process:
        await daemon.systemd.until("STATUS=idle (", 10)
        await daemon.systemd.until(f"{daemon.config}:3:3: talk.mdoe: unknown key", 10)
        assert "bad-config" in await daemon.ends(process)


async def test_without_a_state_folder_it_runs_and_warns(daemon: Daemon) -> None:
    async with daemon.running(state=False) as process:
        await daemon.says(process, "is not kept as the last good one: there is no state folder")
        await daemon.systemd.until("STATUS=idle", 10)
        await daemon.ends(process)


async def test_a_state_folder_that_takes_nothing_is_no_more_than_a_warning(daemon: Daemon) -> None:
    async with daemon.running(state=True) as process:
        await daemon.says(process, f"is not kept as the last good one: {daemon.state}/last-good.yaml: ")
        await daemon.systemd.until("STATUS=idle", 10)
        await daemon.ends(process)


async def test_a_bad_file_and_a_torn_copy_end_with_78(daemon: Daemon) -> None:
    daemon.state.mkdir()
    (daemon.state / "last-good.yaml").write_text("session: {agent_id: a}\n")
    daemon.config.write_text("talk:\n  mdoe: hold\n")
    environment = {**os.environ, "STATE_DIRECTORY": str(daemon.state), "VOICE_KIOSK_API_KEY": KEY}
    command = [sys.executable, "-m", "kiosk", "run", "--config", daemon.config]
    process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=PIPE)
    _, errors = await process.communicate()
    assert process.returncode == 78
    assert f"{daemon.config}:2:3: talk.mdoe: " in errors.decode()
    assert f"{daemon.state}/last-good.yaml: is torn or was changed by hand" in errors.decode()
