"""A reload takes what the call allows, waits with the rest, and a bad file changes nothing but what is said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from kiosk.boot import boot
from kiosk.config.model import Config
from kiosk.machine.events import Event, On
from kiosk.machine.gestures import Gesture
from kiosk.machine.states import State
from kiosk.nursery import Nursery
from kiosk.reload import LOOK, Outcome, Reload
from kiosk.signals import Indication
from tests.fakes import Bench

GOOD = "session: {agent_id: a1}\n"


class Rig:
    """A dispatcher on fakes with a configuration file; idle."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "config.yaml"
        self.state = folder / "state"
        self.environ = {"STATE_DIRECTORY": str(self.state), "VOICE_KIOSK_API_KEY": "key-1"}
        self.taken: list[Config] = []
        self.left = True
        self.nursery = Nursery()
        self.takes = 0.0
        """Seconds that the rooms need."""
        started = boot(self.file, self.environ)
        self.bench = Bench(started.config)
        self.reload = Reload(
            started,
            dispatcher=self.bench.dispatcher,
            notify=self.bench.notify,
            health=self.bench.health,
            nursery=self.nursery,
            idle=lambda: self.left,
            take=self._take,
        )

    async def _take(self, config: Config) -> None:
        await asyncio.sleep(self.takes)
        self.taken.append(config)

    def write(self, text: str) -> None:
        self.file.write_text(text)

    def call(self) -> None:
        self.bench.dispatcher.gesture(Gesture.PRESS)
        self.left = False

    def hang_up(self) -> None:
        self.bench.dispatcher.post(Event(On.HANG_UP))

    @property
    def kept(self) -> str:
        return (self.state / "last-good.yaml").read_text().split("\n", 1)[1]


@asynccontextmanager
async def rig(folder: Path, text: str = GOOD) -> AsyncGenerator[Rig]:
    (folder / "state").mkdir(exist_ok=True)
    (folder / "config.yaml").write_text(text)
    made = Rig(folder)
    made.bench.dispatcher.begin()
    made.reload.begin()
    running = asyncio.create_task(made.reload.run())
    made.bench.dispatcher.post(Event(On.STARTED))
    try:
        yield made
    finally:
        made.bench.dispatcher.close()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await made.nursery.close()


async def test_what_can_change_in_a_call_changes_and_the_rest_waits(tmp_path: Path) -> None:
    async with rig(tmp_path) as made:
        made.call()
        made.write(f"{GOOD}talk: {{mode: toggle, release_tail: 1s}}\nbutton: {{pin: 4}}\n")
        outcome = await made.reload.now()
        assert outcome == Outcome(applied=("talk.release_tail",), waiting=("talk.mode",), restart=("button.pin",))
        assert outcome.words == "in force: talk.release_tail; after the call: talk.mode; with a restart: button.pin"
        [taken] = made.taken
        assert (taken.talk.mode, taken.talk.release_tail, taken.button.pin) == ("hold", 1.0, 17)
        assert made.bench.dispatcher.kiosk.state is State.CONNECTING
        assert made.bench.notify.texts[-1].endswith("; a restart is needed for button.pin")
        made.hang_up()
        await asyncio.sleep(LOOK * 2)
        assert len(made.taken) == 1, "the room is not left yet"
        made.left = True
        await asyncio.sleep(LOOK * 2)
        assert [config.talk.mode for config in made.taken] == ["hold", "toggle"]
        assert made.taken[-1].button.pin == 17


async def test_without_a_call_nothing_waits_for_one(tmp_path: Path) -> None:
    async with rig(tmp_path) as made:
        made.write(f"{GOOD}talk: {{mode: toggle}}\n")
        assert await made.reload.now() == Outcome(applied=("talk.mode",))
        assert made.reload.config.talk.mode == "toggle"
        assert await made.reload.now() == Outcome()
        assert len(made.taken) == 1
        assert (made.bench.notify.reloads, made.bench.notify.is_ready) == (2, True)


async def test_a_restart_stays_needed_until_the_file_says_otherwise(tmp_path: Path) -> None:
    async with rig(tmp_path) as made:
        made.write(f"{GOOD}led: {{pin: 5}}\n")
        await made.reload.now()
        made.write(f"{GOOD}led: {{pin: 5, brightness: 0.5}}\n")
        assert await made.reload.now() == Outcome(applied=("led.brightness",), restart=("led.pin",))
        made.write(GOOD)
        assert await made.reload.now() == Outcome(applied=("led.brightness",))
        assert "restart" not in made.bench.notify.texts[-1]


async def test_what_makes_no_whole_without_a_restart_waits_for_it_entirely(tmp_path: Path) -> None:
    async with rig(tmp_path, f"{GOOD}talk: {{mode: vad}}\nbutton: {{pin: null}}\n") as made:
        made.write(f"{GOOD}log: {{words: true}}\n")
        outcome = await made.reload.now()
        assert outcome == Outcome(restart=("talk.mode", "button.pin", "log.words"))
        assert made.taken == []
        assert not made.reload.config.log.words


async def test_a_bad_file_changes_nothing_and_is_named_until_a_good_one_comes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with rig(tmp_path) as made:
        await asyncio.sleep(0.2)
        made.write(f"{GOOD}talk:\n  mdoe: hold\n  mode: hodl\n")
        outcome = await made.reload.now()
        first = f"{made.file}:3:3: talk.mdoe: unknown key: did you mean `mode`?"
        assert outcome.problems[0] == first
        assert len(outcome.problems) == 2
        assert made.taken == []
        assert made.bench.light.shown[-1] is Indication.ATTENTION
        assert f"{first} (and 1 more)" in made.bench.notify.texts[-1]
        assert all(f"configuration refused: {problem}" in caplog.text for problem in outcome.problems)
        assert (made.bench.notify.is_ready, made.kept) == (True, GOOD)
        made.write(f"{GOOD}log: {{words: true}}\n")
        assert (await made.reload.now()).applied == ("log.words",)
        assert made.bench.light.shown[-1] is Indication.IDLE
        assert made.bench.notify.texts[-1] == "idle"
        assert made.kept == f"{GOOD}log: {{words: true}}\n"


async def test_on_the_last_good_one_the_file_is_named_from_the_start(tmp_path: Path) -> None:
    async with rig(tmp_path) as made:
        await asyncio.sleep(0.2)
    async with rig(tmp_path, "session: [\n") as made:
        assert made.bench.light.shown[-1] is Indication.ATTENTION
        assert f"{made.file}:2:1: " in made.bench.notify.texts[-1]
        assert made.reload.config.session.agent_id == "a1"
        assert made.kept == GOOD
        made.write("session: {agent_id: a2}\n")
        await made.reload.now()
        assert made.bench.light.shown[-1] is Indication.IDLE


async def test_asked_many_times_it_is_read_again_at_least_once_after_the_last(tmp_path: Path) -> None:
    async with rig(tmp_path) as made:
        for number in range(50):
            made.write(f"session: {{agent_id: a{number}}}\n")
            made.reload.ask()
        for _ in range(500):
            await asyncio.sleep(0.01)
            if made.reload.config.session.agent_id == "a49":
                break
        assert made.reload.config.session.agent_id == "a49"
        assert made.bench.notify.reloads < 5


async def test_who_asked_may_go_and_it_is_done_all_the_same(tmp_path: Path) -> None:
    async with rig(tmp_path) as made:
        await asyncio.sleep(0.2)
        made.write("session: [\n")
        await made.reload.now()
        made.write(f"{GOOD}log: {{words: true}}\n")
        made.takes = 1.0
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(made.reload.now(), 0.5)
        assert made.taken == []
        await asyncio.sleep(1.5)
        assert [config.log.words for config in made.taken] == [True]
        assert made.bench.light.shown[-1] is Indication.IDLE
        assert (made.bench.notify.is_ready, made.kept) == (True, f"{GOOD}log: {{words: true}}\n")
        assert await made.reload.now() == Outcome()


async def test_many_who_ask_and_go_leave_no_more_than_one_to_come(tmp_path: Path) -> None:
    async with rig(tmp_path) as made:
        made.takes = 1.0
        made.write(f"{GOOD}log: {{words: true}}\n")
        first = asyncio.create_task(made.reload.now())
        await asyncio.sleep(0.5)
        made.write(f"{GOOD}log: {{words: true, level: debug}}\n")
        others = [asyncio.create_task(made.reload.now()) for _ in range(20)]
        await asyncio.sleep(0)
        for other in others[1:]:
            other.cancel()
        assert (await first, await others[0]) == (Outcome(applied=("log.words",)), Outcome(applied=("log.level",)))
        assert made.bench.notify.reloads == 2


async def test_a_file_that_cannot_be_read_in_time_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with rig(tmp_path) as made:
        monkeypatch.setattr("kiosk.reload.READING", 0.0)
        assert "could not be read within" in (await made.reload.now()).words
        assert made.bench.notify.is_ready
