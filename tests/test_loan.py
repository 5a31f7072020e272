"""Lending the devices, on a whole device in virtual time: to whom, when not, and that they always come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from kiosk import loan
from kiosk.control.orders import Order
from kiosk.errors import LoanError, SessionError
from kiosk.health import Area, Health
from kiosk.loan import GRACE, LIMIT, Loans
from kiosk.machine.events import Event, On
from kiosk.machine.gestures import Gesture
from kiosk.machine.states import State
from kiosk.signals import Earcon
from kiosk.vitals import MUTE, Vitals
from tests.device import Rig

pytestmark = pytest.mark.looptime


class Part:
    """Devices that note what becomes of them."""

    def __init__(self) -> None:
        self.ours = True
        self.hangs = False

    async def pause(self) -> None:
        self.ours = False
        if self.hangs:
            await asyncio.get_running_loop().create_future()

    def resume(self) -> None:
        self.ours = True


@asynccontextmanager
async def rig(**sections: dict[str, object]) -> AsyncGenerator[tuple[Rig, Loans, Part, Part]]:
    async with Rig(**sections) as made:
        sound, panel = Part(), Part()
        yield made, Loans(made.device.dispatcher, sound, panel, lambda: made.device.calls.idle), sound, panel


async def test_for_the_loan_the_devices_are_free_and_status_says_whose_they_are() -> None:
    async with rig() as (made, loans, sound, panel):
        async with loans.lend("uid 7") as seconds:
            assert seconds == LIMIT
            assert not sound.ours
            assert not panel.ours
            assert (await made.device.status.collect()).lent == "uid 7"
            assert made.device.dispatcher.kiosk.state is State.IDLE
        await asyncio.sleep(2 * GRACE)
        assert sound.ours
        assert panel.ours
        assert (await made.device.status.collect()).lent is None


async def test_the_service_managers_status_says_it_too() -> None:
    async with rig() as (made, loans, _, _):
        texts = vars(made.device.edges.notify)["texts"]
        async with loans.lend("uid 7"):
            assert "devices lent to uid 7" in texts[-1]
        await asyncio.sleep(2 * GRACE)
        assert "lent" not in texts[-1]


async def test_no_gesture_means_anything_meanwhile() -> None:
    async with rig(talk={"mode": "vad"}) as (made, loans, _, _):
        dispatcher = made.device.dispatcher
        async with loans.lend("uid 7"):
            for gesture in Gesture:
                dispatcher.gesture(gesture)
            said = made.device.steering.obey(Order.PRESS, "uid 8").said
            assert said == "press: means nothing while the devices are lent to uid 7"
            assert dispatcher.kiosk.state is State.IDLE
        await asyncio.sleep(2 * GRACE)
        dispatcher.gesture(Gesture.PRESS)
        assert dispatcher.kiosk.state is State.CONNECTING


async def refusal(loans: Loans, who: str = "uid 7") -> LoanError:
    with pytest.raises(LoanError) as caught:
        async with loans.lend(who):
            pass
    return caught.value


async def test_a_call_is_never_disturbed_in_any_of_its_states() -> None:
    async with rig() as (made, loans, sound, panel):
        dispatcher = made.device.dispatcher
        dispatcher.gesture(Gesture.PRESS)
        seen: set[State] = set()

        async def refused() -> None:
            seen.add(dispatcher.kiosk.state)
            error = await refusal(loans)
            assert (str(error), error.hint) == ("the kiosk is in a call", "try again when it ends, or end it with voice-kiosk hangup")

        await refused()
        await made.live()
        await refused()
        dispatcher.post(Event(On.RESUMING, dispatcher.kiosk.generation))
        await refused()
        dispatcher.post(Event(On.LOST, dispatcher.kiosk.generation))
        await refused()
        assert seen == {State.CONNECTING, State.LIVE, State.RESUMING, State.RETRYING}
        assert sound.ours
        assert panel.ours
        assert dispatcher.lent is None


async def test_while_a_call_is_being_left_nothing_is_lent() -> None:
    async with rig() as (made, loans, _, _):
        made.device.dispatcher.gesture(Gesture.PRESS)
        await made.live()
        made.device.dispatcher.post(Event(On.HANG_UP))
        assert str(await refusal(loans)) == "a call is just being left"
        await made.device.calls.emptied()
        async with loans.lend("uid 7"):
            pass


async def test_starting_and_stopping_lend_nothing() -> None:
    async with rig() as (made, loans, _, _):
        vars(made.device.dispatcher)["kiosk"] = made.device.dispatcher.kiosk.__class__(State.STARTING)
        assert str(await refusal(loans)) == "the kiosk is starting"
        vars(made.device.dispatcher)["kiosk"] = made.device.dispatcher.kiosk.__class__(State.STOPPING)
        assert str(await refusal(loans)) == "the kiosk is stopping"
        vars(made.device.dispatcher)["kiosk"] = made.device.dispatcher.kiosk.__class__(State.IDLE)


async def test_there_is_one_loan_at_a_time() -> None:
    async with rig() as (_, loans, sound, _), loans.lend("uid 7"):
        assert str(await refusal(loans, "uid 8")) == "the devices are lent to uid 7 already"
        await asyncio.sleep(2 * GRACE)
        assert not sound.ours


async def test_devices_that_do_not_close_are_not_lent_and_come_back() -> None:
    async with rig() as (made, loans, sound, panel):
        panel.hangs = True
        assert str(await refusal(loans)) == f"the devices could not be closed within {loan.CLEARING:g} s"
        await asyncio.sleep(2 * GRACE)
        assert sound.ours
        assert panel.ours
        assert made.device.dispatcher.lent is None


async def test_a_borrower_who_is_cut_off_loses_them() -> None:
    async with rig() as (made, loans, sound, _):

        async def borrow() -> None:
            async with loans.lend("uid 7"):
                await asyncio.get_running_loop().create_future()

        task = asyncio.create_task(borrow())
        await asyncio.sleep(1)
        assert not sound.ours
        task.cancel()
        await asyncio.sleep(2 * GRACE)
        assert sound.ours
        assert made.device.dispatcher.lent is None


async def test_a_session_is_held_ahead_all_the_while() -> None:
    outcomes: list[SessionError | None] = []
    async with rig(session={"agent_id": "rig", "prefetch": True}) as (made, loans, _, _):
        made.device.edges.tokens.on_outcome = outcomes.append
        holding = asyncio.create_task(made.device.edges.tokens.run())
        await asyncio.sleep(1)
        before = len(outcomes)
        async with loans.lend("uid 7"):
            await asyncio.sleep(500)
        holding.cancel()
        assert before == 1
        assert len(outcomes) > before


@pytest.mark.parametrize("lent", [True, False])
async def test_the_watchdog_knows_that_lent_devices_give_no_blocks(lent: bool) -> None:
    async with Rig() as made:
        clock = asyncio.get_running_loop().time
        vitals = Vitals(
            state=lambda: (State.IDLE, clock()),
            stays={},
            figures=made.device.sound.figures,
            health=Health(),
            clock=clock,
            lent=lambda: lent,
        )
        reasons = {vitals.ails()}
        for _ in range(30):
            await asyncio.sleep(MUTE / 10)
            reasons.add(vitals.ails())
        assert (reasons == {None}) is lent


async def test_a_broken_microphone_stays_named_while_it_is_lent(monkeypatch: pytest.MonkeyPatch) -> None:
    async with rig() as (made, loans, _, _):
        played: list[Earcon] = []
        monkeypatch.setattr(made.device.sound, "play", played.append)
        made.device.health.report(Area.MICROPHONE, "microphone-missing")
        async with loans.lend("uid 7"):
            status = await made.device.status.collect()
            assert [fault.code for fault in status.faults] == ["microphone-missing"]
            assert status.lent == "uid 7"
