"""The scripted visit as a user sees it: run as a program, judged by what it prints and by its exit code."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = (str(Path(sys.executable).with_name("voice-kiosk")), "demo", "--script")
LIMIT = 60.0


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)


def figure(report: str, name: str) -> float:
    """The number beside a name in the report."""
    found = re.search(rf"^  {re.escape(name)} +(-?[\d.]+)", report, re.MULTILINE)
    assert found is not None, report
    return float(found[1])


@pytest.mark.flaky(reruns=2)  # two busy cores starve the capture thread now and then
def test_the_scripted_visit_is_heard_whole_survives_a_cut_and_exits_0() -> None:
    done = run(*COMMAND)
    assert done.returncode == 0, done.stdout + done.stderr
    assert figure(done.stdout, "press → LED") <= 50
    assert 0 < figure(done.stdout, "press → live") < 10_000
    for name in ("first", "second"):
        assert figure(done.stdout, f"{name} words lost") == 0
        assert figure(done.stdout, f"{name} answer heard") >= 0.6
    assert 20 < figure(done.stdout, "round trip") < 1000
    assert figure(done.stdout, "recovery") < 15
    assert figure(done.stdout, "the whole visit") < 40


@pytest.mark.parametrize(("kind", "word"), [("silent", "the agent did not answer"), ("cut", "ms of the first sentence")])
def test_a_spoilt_visit_says_what_failed_and_exits_1(kind: str, word: str) -> None:
    done = run(sys.executable, "-m", "tests.demo.spoilt", kind)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAILED" in done.stdout
    assert word in done.stdout.partition("FAILED")[2]


def test_an_interrupted_visit_ends_at_once_and_without_a_word() -> None:
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        while "the agent hears" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        interrupted = time.monotonic()
        assert process.wait(10) == 130
        assert time.monotonic() - interrupted < 3.0
        assert "Traceback" not in process.stderr.read()


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--server", "ws://127.0.0.1:1"), "LIVEKIT_API_KEY"),
        (("--session-url", "https://example.com"), "session.agent_id"),
        (("--session-url", "http://example.com", "--agent-id", "a"), "https://"),
        (("--session-url", "https://example.com", "--server", "ws://127.0.0.1:1"), "exclude"),
    ],
)
def test_options_that_cannot_work_are_told_before_anything_starts(options: tuple[str, ...], word: str) -> None:
    done = subprocess.run((*COMMAND, *options), capture_output=True, text=True, timeout=LIMIT, check=False, env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 1
    assert word in done.stderr
    assert "Traceback" not in done.stderr
