"""What became of a spoken sentence on its way: aligned, window by window, with what was heard."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tests.parts.chain import HOP, RATE, Haystack, Match, Sound, chain, prepare

KINDS = ("lost", "shortened", "damaged", "inserted", "silence", "compressed", "pause")
EXTRA = ("inserted", "silence")
WOBBLE = ("compressed", "pause")
"""Findings that are summed and not listed."""
COARSE = 0.1
FRAME = 0.03
GOOD = 0.8
"""Likeness from which a frame counts as there and whole."""
LIMIT = 0.03
"""Shorter than this is never reported: a jitter buffer conceals a late packet (20 ms), and takes pitch periods out (15 ms each)."""
RUSH = 0.035
"""Seconds that no time compression takes out within 55 ms: it halves the time at most, and for a steady vowel it is all one."""
PROOF = 0.6
"""Likeness from which a 10 ms cell of a good frame is there."""
STRANGE = 0.45
"""Likeness below which sound in the right place is another sound."""
AROUND = 0.15
ALIKE = 0.96
"""How alike, next to the frames around, the frames of a vowel are that lost some of its periods; those bridging a cut reach 0.95."""
HURRY = 1.6
"""A jitter buffer takes at least 1.9 times as long to take time out of a vowel; a cut is bridged in 1.4 times its length."""
PAUSE = 0.06
TINY = 1e-4
ACTIVE = -24.0
"""Level of a 10 ms cell that counts as speech, in dB under the loud parts (95th percentile)."""


@dataclass(frozen=True, slots=True)
class Spot:
    """One finding: `kind` is lost, damaged, inserted, silence, compressed or pause; milliseconds from each sound's first sample."""

    kind: str
    source_ms: float
    heard_ms: float
    length_ms: float


@dataclass(frozen=True, slots=True)
class Alignment:
    """The figures; `str()` is a table. Delays are heard minus sent, counted from the first samples given to `align`.

    speech_ms: active speech in the source. lost_ms: of it, what is nowhere in the heard sound in order. shortened_ms: more than 20 ms
    taken at one place out of a vowel whose periods are all alike, by a jitter buffer in a hurry or by a cut: nobody can tell, so 0 is to
    be expected only where nothing was fed ahead of time. damaged_ms: is in its place, but not alike. inserted_ms: sound within the
    utterance that is not of the source; silence_ms: the same, silent, amid running speech. compressed_ms: time taken out period by
    period with nothing lost (negative: stretched). pauses_ms: pauses grown (negative: shrunk).
    """

    speech_ms: float
    lost_ms: float
    shortened_ms: float
    damaged_ms: float
    inserted_ms: float
    silence_ms: float
    compressed_ms: float
    pauses_ms: float
    delay_first_ms: float
    delay_last_ms: float
    spots: list[Spot] = field(repr=False)
    rows: list[str] = field(repr=False)

    def __str__(self) -> str:
        figures = (
            f"speech {self.speech_ms:.0f} ms: lost {self.lost_ms:.0f}, shortened {self.shortened_ms:.0f}, damaged {self.damaged_ms:.0f}, "
            f"inserted {self.inserted_ms:.0f}, silence inserted {self.silence_ms:.0f}, compressed {self.compressed_ms:.0f}, "
            f"pauses {self.pauses_ms:+.0f}; "
            f"delay {self.delay_first_ms:.1f} ms at first, {self.delay_last_ms:.1f} ms at last"
        )
        spots = [f"  {spot.kind:<10} {spot.length_ms:5.0f} ms at {spot.source_ms:6.0f} (heard {spot.heard_ms:.0f})" for spot in self.spots]
        return "\n".join([figures, *spots, "  sent ms  heard ms  delay ms  likeness", *self.rows])


def align(source: NDArray[np.int16], heard: NDArray[np.int16], rate: int = 48_000) -> Alignment:
    """Aligns `heard` with `source` (both mono int16 at `rate`, at least 0.2 s of speech in the source); about 0.3 s for 4 s of speech.

    Limits, measured on the demo's sentence, cut at ten places within speech, as lost or shortened, clean and through Opus at 24 kbps:
    100 ms is found at every place (within 20 ms), 60 ms at 10 and 9 of 10, 40 ms at 9 and 8, 30 ms at half; what is missed lies in
    steady synthetic vowels and counts as compressed. Cuts in pauses and in sounds 24 dB under the vowels do not count. Time compressed
    by a real jitter buffer at up to 2 times real time for 1.5 s, or 1.25 for 5 s, gives 0 lost; noise 30 dB below, a low-pass of 3 kHz
    and any gain change nothing.
    """
    sent, got = prepare(source, rate), prepare(heard, rate)
    # What is lost costs nothing to leave out when the heard sound is to be explained, and what is inserted when the source is:
    # asked the other way round, the likeness of a vowel's periods to each other would fill the gap.
    explained, found = [Match(match.heard, match.source, match.likeness) for match in _find(got, sent)], _find(sent, got)
    account = _Account(sent, got)
    proofs = account.proofs(explained)
    speech_ms = 1000 * HOP * float(np.sum(activity(sent, ACTIVE)))
    if len(proofs) < 5:
        return Alignment(speech_ms, speech_ms, 0, 0, 0, 0, 0, 0, 0, 0, [], ["  nothing of the source was heard"])
    spots = [_judged(spot, found) for spot in account.gaps(proofs) if spot.kind not in EXTRA]
    spots += [spot for spot in account.gaps(account.proofs(found)) if spot.kind in EXTRA]
    sums = {kind: sum(spot.length_ms for spot in spots if spot.kind == kind) for kind in KINDS}
    delays = [1000 * (match.heard - match.source) for match in proofs]
    return Alignment(
        speech_ms,
        *(sums[kind] for kind in KINDS),
        delay_first_ms=float(np.median(delays[:5])),
        delay_last_ms=float(np.median(delays[-5:])),
        spots=sorted((spot for spot in spots if spot.kind not in WOBBLE), key=lambda spot: spot.source_ms),
        rows=_table(explained),
    )


def activity(sound: Sound, below: float) -> NDArray[np.bool_]:
    """Which 10 ms cells are speech."""
    cell = int(HOP * RATE)
    cells = sound[: len(sound) // cell * cell].reshape(-1, cell)
    level = np.sqrt(np.mean(cells**2, axis=1)) if len(cells) else np.zeros(0)
    loud = float(np.percentile(level[level > 0], 95)) if np.any(level > 0) else 1.0
    return level > loud * 10 ** (below / 20)


def _starts(sound: Sound, size: int, hop: int) -> NDArray[np.int64]:
    """Where frames begin that are speech for the greater part."""
    active = activity(sound, ACTIVE)
    cell = int(HOP * RATE)
    begins = np.arange(0, len(sound) - size + 1, hop)
    share = np.array([np.mean(active[begin // cell : (begin + size) // cell]) for begin in begins])
    return begins[share > 0.6].astype(np.int64)


def _judged(spot: Spot, found: list[Match]) -> Spot:
    """A loss all of whose frames are found, in no more of a hurry than a jitter buffer's, and as alike as those around them, is none."""
    if spot.kind != "lost":
        return spot
    first, last = spot.source_ms / 1000, (spot.source_ms + spot.length_ms) / 1000
    inside = [match.likeness for match in found if first - FRAME < match.source < last]
    around = [match.likeness for match in found if first - AROUND < match.source < first or last < match.source < last + AROUND]
    frames = round((last - first + FRAME) / HOP)
    whole = len(inside) >= frames - 2 and float(np.mean(inside)) >= ALIKE * float(np.mean(around or [1.0]))
    near = [match for match in found if first - HURRY * (last - first) < match.source < last + HURRY * (last - first)]
    falls = [
        (right.source - left.source) - (right.heard - left.heard)
        for number, left in enumerate(near)
        for right in near[number:]
        if right.source - left.source <= HURRY * (last - first)
    ]
    return replace(spot, kind="shortened") if whole and max(falls) < 0.93 * (last - first) else spot


def _find(sent: Sound, got: Sound) -> list[Match]:
    return _fine(sent, got, _coarse(sent, got))


def _coarse(sent: Sound, got: Sound) -> list[Match]:
    """100 ms windows, sought in all of the heard sound."""
    size = int(COARSE * RATE)
    starts = _starts(sent, size, size // 4)
    hay = Haystack(got)
    found = [hay.best_places(sent[start : start + size], 0, len(got)) for start in starts]
    return chain(starts, [places for places, _ in found], [values for _, values in found], size)


def _fine(sent: Sound, got: Sound, coarse: list[Match]) -> list[Match]:
    """30 ms frames, sought where the windows around them were found."""
    if not coarse:
        return []
    size, margin, hay = int(FRAME * RATE), 0.04, Haystack(got)
    starts = _starts(sent, size, int(HOP * RATE))
    times = np.array([match.source for match in coarse])
    delays = np.array([match.heard - match.source for match in coarse])
    places: list[NDArray[np.int64]] = []
    values: list[Sound] = []
    for start in starts:
        moment = float(start) / RATE
        near = np.abs(times - moment) < 0.25
        near[max(0, int(np.searchsorted(times, moment)) - 1)] = True
        near[min(len(times) - 1, int(np.searchsorted(times, moment)))] = True
        first, last = (moment + float(edge) for edge in (np.min(delays[near]) - margin, np.max(delays[near]) + margin))
        at, alike = hay.best_places(sent[start : start + size], int(first * RATE), int(last * RATE))
        places.append(at)
        values.append(alike)
    return chain(starts, places, values, size)


class _Account:
    """Goes through the gaps between cells that are proven to be there and says what happened in each."""

    def __init__(self, sent: Sound, got: Sound) -> None:
        self._sent, self._hay = sent, Haystack(got)
        self._sent_active, self._got_active = activity(sent, ACTIVE), activity(got, ACTIVE - 3.0)
        self._spots: list[Spot] = []

    def proofs(self, matches: list[Match]) -> list[Match]:
        """The 10 ms cells of good frames that are alike themselves, each where it is most alike."""
        best: dict[int, Match] = {}
        for match in matches:
            if match.likeness < GOOD:
                continue
            for part in range(round(FRAME / HOP)):
                source, heard = match.source + part * HOP, match.heard + part * HOP
                proof = Match(source, heard, self._alike(source, heard, HOP))
                number = round(source / HOP)
                if proof.likeness >= PROOF and (number not in best or proof.likeness > best[number].likeness):
                    best[number] = proof
        return [best[number] for number in sorted(best)]

    def gaps(self, proofs: list[Match]) -> list[Spot]:
        """What happened before, between and after the proven cells."""
        self._spots = []
        first, last = proofs[0], proofs[-1]
        end = len(self._sent) / RATE
        before = Match(-HOP, first.heard - first.source - HOP, 1.0)
        after = Match(end, last.heard + end - last.source, 1.0)
        for left, right in zip([before, *proofs], [*proofs, after], strict=True):
            self._gap(left, right)
        return self._spots

    def _gap(self, left: Match, right: Match) -> None:
        sent_from, got_from = left.source + HOP, left.heard + HOP
        sent_for, got_for = right.source - sent_from, right.heard - got_from
        growth = got_for - sent_for
        speech = _active(self._sent_active, sent_from, right.source)
        sound = _active(self._got_active, got_from, right.heard)
        missing = max(0.0, speech - sound) + max(0.0, -got_for)
        lost = missing >= LIMIT - TINY and (sound < 0.4 * speech or missing >= RUSH)
        extra = max(0.0, sound - speech)
        inserted = min(extra, growth) >= LIMIT - TINY

        def spot(kind: str, length: float) -> None:
            self._spots.append(Spot(kind, 1000 * sent_from, 1000 * got_from, 1000 * length))

        if lost:
            spot("lost", missing)
        if inserted:
            spot("inserted", extra)
        kept = min(speech, sound)
        if kept >= LIMIT - TINY:
            alike = max(self._alike(sent_from, sent_from + match.heard - match.source, sent_for) for match in (left, right))
            for kind in ("lost", "inserted") if alike < STRANGE else ("damaged",) if alike < GOOD else ():
                spot(kind, kept)
        rest = min(0.0, growth + missing * lost) if growth < 0.0 else growth - extra * inserted
        if sent_for - speech >= PAUSE:
            spot("pause", rest)
        elif rest >= LIMIT and sound < speech + LIMIT:
            spot("silence", rest)
        elif abs(rest) > TINY:
            spot("compressed", -rest)

    def _alike(self, source: float, heard: float, length: float) -> float:
        """Greatest likeness of that stretch of the source to what is heard within 2 ms of a place."""
        first, size, play, place = round(source * RATE), round(length * RATE), RATE // 500, round(heard * RATE)
        return float(np.max(self._hay.likeness(self._sent[first : first + size], place - play, place + play), initial=0.0))


def _active(cells: NDArray[np.bool_], first: float, last: float) -> float:
    """Seconds of active sound between two moments, cells counted by the share that lies within."""
    edges = np.arange(len(cells)) * HOP
    share = np.clip(np.minimum(edges + HOP, last) - np.maximum(edges, first), 0.0, HOP)
    return float(np.sum(share[cells]))


def _table(matches: list[Match]) -> list[str]:
    """One row for each 100 ms window, every 50 ms."""
    rows: list[str] = []
    for begin in np.arange(0.0, matches[-1].source, COARSE / 2):
        inside = [match for match in matches if begin <= match.source < begin + COARSE]
        if inside:
            delay, worst = float(np.median([match.heard - match.source for match in inside])), min(match.likeness for match in inside)
            rows.append(f"  {1000 * begin:7.0f}  {1000 * (begin + delay):8.1f}  {1000 * delay:8.1f}  {worst:8.2f}")
    return rows
