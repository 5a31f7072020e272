"""The scripted visit: a visitor who presses, speaks, listens, loses the network, speaks again and hangs up, in real time."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from kiosk.app import Device
from kiosk.audio.frames import RATE, Block
from kiosk.machine.states import State
from kiosk.sim.agent import THINKING_S, Agent, Said
from kiosk.sim.meeting import meet
from kiosk.sim.observer import Observer
from kiosk.sim.report import Answer, Figures
from kiosk.sim.soundcard import SimulatedCard
from kiosk.sim.stage import Stage
from kiosk.sim.trace import trace
from kiosk.sim.turns import SILENCE_S
from kiosk.sim.visitor import LIVE_LIMIT, Broken, Tell, Visitor
from kiosk.sim.wav import spoken
from kiosk.sim.world import World

OUTAGE_S: Final = 3.0
ANSWER_LIMIT: Final = 4.0
"""Seconds from the end of a sentence in which the answer must begin, and after its own length must have ended."""
RECOVERY_LIMIT: Final = 15.0
SETTLE_S: Final = 0.3
"""What the way to the speaker holds when the agent has spoken its last sound."""
SHORT_S: Final = 1.35
"""Where the sentence has been spoken as far as "Hello, which platform": enough to be answered, and to be echoed."""


class Visit:
    """One visit in the loopback world, with its measurements; `tell` gets a line for each thing that happens."""

    def __init__(self, device: Device, stage: Stage, observer: Observer, tell: Tell, *, world: World, card: SimulatedCard) -> None:
        self._visitor = Visitor(device, stage, observer)
        self.figures = Figures(begin="speech" if self._visitor.mode == "vad" else "press")
        self._device = device
        self._world = world
        self._card = card
        self._observer = observer
        self._tell = tell
        self._sentence = spoken("visitor")
        self._short = self._sentence[: int(SHORT_S * RATE)]
        self._measuring: list[asyncio.Task[Answer]] = []

    async def run(self) -> None:
        """The whole visit; Broken when it cannot go on. The figures are filled in as far as it came."""
        try:
            await self._talk()
            await self._network_cut()
            await self._echo()
        finally:
            self.figures.answers = [await task for task in self._measuring]

    async def _talk(self) -> None:
        figures, observer = self.figures, self._observer
        self._tell("the visitor speaks" if self._visitor.mode == "vad" else "the visitor presses the button and speaks at once")
        begun = await self._visitor.begin(self._sentence)
        await self._visitor.live("the call did not come about")
        figures.press_to_led, figures.press_to_live = observer.press_to_led, observer.press_to_live
        self._tell("the agent hears the visitor; what was said before that is catching up")
        await self._exchange(begun, self._sentence)

    async def _network_cut(self) -> None:
        if self._visitor.mode == "hold":
            self._tell("the visitor presses again")
            await self._visitor.press()
        self._tell(f"the network is cut for {OUTAGE_S:g} s")
        await self._outage()
        self._tell("the visitor speaks again")
        await self._exchange(self._visitor.say(self._short), self._short)
        self._tell("the visitor hangs up")
        await self._visitor.hang_up()

    async def _echo(self) -> None:
        self._world.mode = "echo"
        self._tell("a short call to an agent that echoes, for the round trip")
        await self._visitor.begin(None)
        await self._visitor.live("the call to the echo did not come about")
        await self._observer.until(lambda: self._device.sound.figures().backlog_ms == 0, 1.0)
        await asyncio.sleep(SETTLE_S)
        begun = self._visitor.say(self._short)
        await asyncio.sleep(SHORT_S + 2 * SETTLE_S)
        echo = await asyncio.to_thread(trace, self._short, self._card.speaker.heard(begun, time.monotonic()))
        await self._visitor.hang_up()
        if not echo.likeness:
            raise Broken("the echo was not heard")
        self.figures.round_trip = 1000 * echo.begin_s

    async def _exchange(self, begun: float, sentence: Block) -> None:
        """From the first word of a sentence on its way until its answer has been spoken."""
        agent, end = self._world.agent, begun + len(sentence) / RATE
        earlier = len(agent.said)
        await asyncio.sleep(end - time.monotonic())
        self._tell("the sentence is said")
        if self._visitor.mode == "hold":
            self._visitor.done()
        if not await self._observer.until(lambda: len(agent.said) > earlier, ANSWER_LIMIT):
            raise Broken("the agent did not answer")
        said = agent.said[earlier]
        self._tell("the agent answers")
        if not await self._observer.until(lambda: said.whole, len(said.samples) / RATE + ANSWER_LIMIT):
            self.figures.failures.append("the agent's answer broke off")
        await asyncio.sleep(SETTLE_S)
        heard = self._card.speaker.heard(said.at, time.monotonic())
        measured = asyncio.to_thread(_measure, agent, said, heard, sentence, end)
        self._measuring.append(asyncio.create_task(measured))

    async def _outage(self) -> None:
        figures, observer, before = self.figures, self._observer, self._device.dispatcher.kiosk
        figures.outage_s = OUTAGE_S
        cut = asyncio.create_task(self._world.cut(OUTAGE_S))
        try:
            if not await observer.until(lambda: observer.state is not State.LIVE, OUTAGE_S):
                raise Broken("the kiosk did not notice that the network is gone")
            self._tell("the kiosk has noticed, shows it, and reconnects by itself")
            await cut
        finally:
            cut.cancel()
        back = time.monotonic()
        self._tell("the network is there again")
        await self._visitor.live("the kiosk did not find back", RECOVERY_LIMIT)
        figures.recovery_s = time.monotonic() - back
        same = self._device.dispatcher.kiosk.generation == before.generation
        figures.recovered_by = "LiveKit's own reconnection" if same else "a new session"
        self._tell("the agent hears the visitor again")


async def perform(stage: Stage, device: Device, observer: Observer, tell: Tell) -> Figures:
    """The visit that these edges allow, its figures and failures; ends by itself, the device goes on."""
    begun = time.monotonic()
    figures = Figures()
    try:
        if not await observer.until(lambda: observer.state is State.IDLE, LIVE_LIMIT):
            raise Broken("the kiosk did not start")
        tell("the kiosk is ready")
        if stage.world is not None and stage.simulated is not None:
            visit = Visit(device, stage, observer, tell, world=stage.world, card=stage.simulated)
            figures = visit.figures
            await visit.run()
        else:
            await meet(figures, stage, device, observer, tell)
    except Broken as broken:
        figures.failures.append(str(broken))
        figures.press_to_led = figures.press_to_led or observer.press_to_led
    figures.total_s = time.monotonic() - begun
    return figures


def _measure(agent: Agent, said: Said, heard: Block, sentence: Block, end: float) -> Answer:
    answer = trace(said.samples, heard)
    wait = 1000 * (said.at + answer.begin_s - end)
    return Answer(trace(sentence, agent.heard.samples), answer, wait, 1000 * (SILENCE_S + THINKING_S))
