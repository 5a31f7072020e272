"""Whether the kiosk tells the truth, judged by what the world knows and a visitor sees and hears: nothing of its inside is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from kiosk.control.record import Status
from kiosk.panel.driver import Color
from kiosk.panel.led import GAMMA
from kiosk.signals import Indication
from tests.truth.card import VirtualCard
from tests.truth.tones import Heard, heard
from tests.truth.world import World

WITHIN: Final = 1.0
"""Seconds in which the kiosk has to tell the truth."""
UNPLUGGED, STALLED, BACK = 2.0, 3.0, 5.0
"""Seconds in which a sound device's unplugging, stall and return must be seen."""
PATIENCE: Final = 30.0
"""Seconds that a press may try to become a call."""
WAIT: Final = 40.0
"""Seconds that a crowded API says to wait."""
REFUSAL: Final = 300.0
"""Seconds for which a refusal is told again without a question."""
SERVER_BACK: Final = 65.0
"""Seconds in which it must be seen that a media server that was away is back."""
MISS_PAST: Final = {"away": SERVER_BACK, "silent": 125.0, "wrong": REFUSAL + 65.0}
"""Seconds for which a media server that takes no call must be there until nothing is said of the next call any more."""

COLORS: Final = {name: f"#{index:02x}{255 - 20 * index:02x}ff" for index, name in enumerate(Indication)}
"""Each indication's steady colour, so that it is known from the LED alone."""
AT_REST: Final = frozenset({Indication.IDLE, Indication.ATTENTION, Indication.OFFLINE, Indication.FAULT})
IN_CALL: Final = frozenset({Indication.LISTENING, Indication.THINKING, Indication.SPEAKING, Indication.MUTED})
INVITES: Final = frozenset({Indication.IDLE, Indication.CONNECTING, Indication.RECONNECTING, Indication.LISTENING})
"""What promises that words are heard or kept."""


def shown(level: float, color: Color) -> Indication:
    """What the LED says."""
    if level == 0.0:
        return Indication.OFF
    code = "#" + "".join(f"{round(255 * share ** (1 / GAMMA)):02x}" for share in color)
    return next(name for name, each in COLORS.items() if each == code)


@dataclass
class Visitor:
    """What the visitor has done."""

    pressed: float = float("-inf")
    wanted: float | None = None
    """Since when he wants a call that he has not had yet."""
    had: bool = False
    """He was heard in this call."""
    joins: int = 0
    """Rooms that were joined before he pressed: one that is joined for him and lost is rejoined for as long as he lets it."""
    rests: bool = True
    """He has no call, for all he can see; while the microphone is broken he may see too little to know."""


class Oracle:
    """Looks at everything several times a second; a lie is two things that stay side by side for longer than a second."""

    def __init__(self, world: World, card: VirtualCard, clock: Callable[[], float], *, toggles: bool) -> None:
        self.led = Indication.OFF
        self.visitor = Visitor()
        self.log: list[str] = []
        self._world = world
        self._card = card
        self._clock = clock
        self._toggles = toggles
        self._since: dict[str, float] = {}
        self._due: list[tuple[float, float, frozenset[str], str]] = []
        self._told_of_microphone = True
        self._record: Status | None = None

    def press(self) -> None:
        """The visitor presses now."""
        now = self.visitor.pressed = self._clock()
        self.note(f"press ({self.led})")
        if self.visitor.rests:
            self.visitor.wanted, self.visitor.had, self.visitor.rests = now, False, False
            self.visitor.joins = self._joins()
            self._expect(self._answers(), "a press was not answered")

    def note(self, what: str) -> None:
        """For whoever reads how a lie came about."""
        self.log.append(f"{self._clock():.1f} {what}")

    def look(self, led: Indication, status: str) -> None:
        """What is to be seen at this moment."""
        now, before, self.led = self._clock(), self.led, led
        if led is not before:
            self.note(f"→ {led}")
        assert led.value == told(status), f"STATUS says {status!r}, the LED {led}; {self.log}"
        if self._world.room is not None and self._heard_now():
            self.visitor.had, self.visitor.wanted = True, None
        if led in AT_REST and not self.visitor.rests and not (led is Indication.FAULT and self._broken(now)):
            if before not in AT_REST and now - self.visitor.pressed > 0.15:
                self._expect(self._why_over(), f"the end of a call was not told ({before} → {led})")
            self.visitor.wanted, self.visitor.had, self.visitor.rests = None, False, now - self.visitor.pressed > 0.15
        self._look_for_lies(now)
        self._microphone_tone(now)
        self._listen(now)

    def compare(self, record: Status) -> None:
        """The status record of this very moment."""
        assert record.indication is self.led, f"the record says {record.indication}, the LED {self.led}: {self.log[-30:]}"
        heard = record.call is not None and record.call.heard
        assert not (self.led in (Indication.IDLE, Indication.OFFLINE) and heard), f"heard without a call: {self.log[-30:]}"
        self._record = record

    # lies of the light

    def _look_for_lies(self, now: float) -> None:
        for name, holds in self._lies(now).items():
            if not holds:
                self._since.pop(name, None)
                continue
            since = self._since.setdefault(name, now)
            assert now - since <= WITHIN, f"{now:.1f}: {name}, for {now - since:.1f} s: {self.log[-30:]}"

    def _lies(self, now: float) -> dict[str, bool]:
        world, led, room = self._world, self.led, self._world.room
        receives = room is not None and room.receives
        broken, heard_now = self._broken(now), self._heard_now()
        return {
            "in a room and looks at rest": room is not None and led in AT_REST and not (led is Indication.FAULT and broken),
            "known to be out of reach and looks ready": world.reached is False and led is Indication.IDLE,
            "known to refuse and looks ready": world.refuses and led is Indication.IDLE,
            "the media server is known to be away and looks ready": world.server_reached is False and led is Indication.IDLE,
            "what a media server did is past and looks unwell": self._past(now) and led in (Indication.OFFLINE, Indication.FAULT),
            "deaf and invites to speak": self._deaf(now) and led in INVITES,
            "well and looks unwell": self._well(now) and led in (Indication.OFFLINE, Indication.FAULT),
            "no room and looks like a call": room is None and led in IN_CALL,
            "not heard and looks heard": led is Indication.LISTENING and not heard_now and not self._card.microphone.fault,
            "heard and does not look it": heard_now and led in self._unheard(),
            "agent is not speaking": led is Indication.SPEAKING and not (receives and world.talk == "speaking"),
            "agent is not thinking": led is Indication.THINKING and not (receives and world.talk == "thinking"),
            "agent speaks unseen": receives and world.talk == "speaking" and led is not Indication.SPEAKING,
            "dark": led is Indication.OFF,
            "the record knows of no call": room is not None and self._record is not None and self._record.call is None,
            "the record says heard": self._record_says_heard() and not receives,
            "the record does not say heard": receives and not self._record_says_heard(),
            "the record knows no broken microphone": self._deaf(now) and not self._fault_in("microphone"),
            "the record makes a broken microphone up": self._fault_in("microphone") and not self._broken(now),
            "tries for ever": led not in AT_REST and self._joins() == self.visitor.joins and self._waits(now) > PATIENCE,
        }

    def _waits(self, now: float) -> float:
        """Seconds since the visitor, who wants a call, has pressed last."""
        return 0.0 if self.visitor.wanted is None else now - self.visitor.pressed

    def _unheard(self) -> frozenset[Indication]:
        """Where holding is speaking, what was said before may still be on its way while the microphone is closed."""
        names = {Indication.CONNECTING, Indication.RECONNECTING}
        return frozenset(names | {Indication.MUTED} if self._toggles else names)

    def _joins(self) -> int:
        return sum(room.joined for room in self._world.rooms)

    def _record_says_heard(self) -> bool:
        return self._record is not None and self._record.call is not None and self._record.call.heard

    def _fault_in(self, area: str) -> bool:
        return self._record is not None and any(fault.area == area for fault in self._record.faults)

    def _heard_now(self) -> bool:
        room = self._world.room
        return room is not None and room.hears and self._clock() - room.sent < WITHIN

    def _deaf(self, now: float) -> bool:
        microphone, speaker = self._card.microphone, self._card.speaker
        # Known defect: while the speaker is missing, looks for it disturb the watch over the microphone (see CHANGELOG.md).
        if speaker.fault is not None or now - speaker.since < BACK:
            return False
        limit = STALLED if microphone.fault == "stalled" else UNPLUGGED
        return microphone.fault is not None and now - microphone.since > limit

    def _broken(self, now: float) -> bool:
        return any(end.fault is not None or now - end.since < BACK for end in (self._card.microphone, self._card.speaker))

    def _well(self, now: float) -> bool:
        latest = max([moment for moment, _ in self._world.failures], default=float("-inf"))
        ended = max([moment for moment, _ in self._world.endings], default=float("-inf"))
        return not self._broken(now) and latest == ended == float("-inf") and self._world.reached is not False

    def _past(self, now: float) -> bool:
        """What failed last was a call, at a media server that has been there for long since."""
        world = self._world
        if not world.missed or world.missed[-1][0] != world.failures[-1][0] or self._broken(now):
            return False
        moment, media = world.missed[-1]
        since, there = max(moment, world.server_since), world.network and world.media != "away"
        return there and world.reached is not False and now - since > MISS_PAST[media]

    # tones

    def _expect(self, names: frozenset[str], what: str) -> None:
        now = self._clock()
        self._due.append((now, now + WITHIN, names, what))

    def _listen(self, now: float) -> None:
        """What was due must have sounded, where there is a speaker for it."""
        speaker = self._card.speaker
        for due in [due for due in self._due if now >= due[1]]:
            self._due.remove(due)
            asked, end, names, what = due
            if speaker.fault is not None or speaker.since > asked - BACK:
                continue
            # What comes of a press may overtake the tone that answers it.
            names |= {kind for moment, kind in self._world.failures if asked <= moment <= end}
            tones = [each for each in self.tones() if asked - 0.15 <= each.at <= end]
            assert any(each.name in names for each in tones), f"{now:.1f}: {what}: {sorted(names)} due, heard {tones}: {self.log[-30:]}"

    def tones(self) -> list[Heard]:
        """All that has sounded."""
        return heard(self._card.played)

    def _answers(self) -> frozenset[str]:
        """What may answer a press at rest: the open microphone's tone, or at once that of a failure that is known already."""
        if self._deaf(self._clock()):
            return frozenset({"microphone"})
        # One that has just come back may not be known to be well yet.
        mending = {"microphone"} if self._fault_in("microphone") else set[str]()
        return frozenset({"listening"}) | self._known() | mending

    def _known(self) -> frozenset[str]:
        """Failures that need no question: those told a while ago, and the minute's requests being used up."""
        now, world = self._clock(), self._world
        lasting = {"refused": REFUSAL, "busy": WAIT}
        names = {kind for moment, kind in world.failures if now - moment <= lasting.get(kind, 0.0) + 0.5}
        if len([moment for moment in world.asked if now - moment <= 60.0 + PATIENCE]) >= 5:
            # Without a request it can only say what it was told last.
            names |= {"busy", *[kind for _, kind in world.failures[-1:]], *([] if world.reached else ["offline"])}
        # One that was displaced joins again at most once in 5 minutes.
        names |= {"error"} if any(tone == "error" and now - moment <= REFUSAL for moment, tone in world.endings) else set[str]()
        return frozenset(names)

    def _why_over(self) -> frozenset[str]:
        """The tone that a call's, or an attempt's, end must have."""
        now, world, visitor = self._clock(), self._world, self.visitor
        names: set[str] = set()
        if self._toggles and now - visitor.pressed < 0.5:
            names.add("ended")
        names |= {tone for moment, tone in world.endings if now - moment < 0.5}
        latest = [each for each in world.rooms if each.joined][-1:]
        if latest and now - latest[0].lonely >= 3.9:
            names.add("error")
        if visitor.had and not names:
            names.add("ended")
        since = now - PATIENCE - 1.0 if visitor.wanted is None else visitor.wanted
        failures = [kind for moment, kind in world.failures if moment >= since]
        names |= {failures[-1]} if failures else set()
        if not names:
            names |= self._known() or {"offline"}
        return frozenset(names | (self._known() & {"busy", "refused", "offline"}))

    def _microphone_tone(self, now: float) -> None:
        """One that breaks while the visitor is there is told aloud."""
        if self._card.microphone.fault is None:
            # One that breaks again before it was known to be well has been told of.
            self._told_of_microphone = self._told_of_microphone and self._fault_in("microphone")
        elif not self._told_of_microphone and self._deaf(now):
            self._told_of_microphone = True
            since = self._card.microphone.since
            speaks = self._card.speaker.fault is None and self._card.speaker.since < since - BACK
            if speaks and self.visitor.had and self.visitor.pressed < since:
                tones = [each for each in self.tones() if since <= each.at <= now]
                assert any(each.name == "microphone" for each in tones), (
                    f"{now:.1f}: the microphone broke in a call: {tones}: {self.log[-30:]}"
                )


def told(status: str) -> str:
    """The light that STATUS names: `state (light): fault`, or `state` where they are the same word."""
    head = status.partition(":")[0]
    return head.partition("(")[2].removesuffix(")") or head
