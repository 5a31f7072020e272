"""What a visitor hears when a press cannot become a call, from the speaker: each kind of failure has a tone of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from kiosk.room import events as room
from kiosk.signals import Earcon
from tests.readme import README
from tests.truth.kiosk import KioskUnderOath
from tests.truth.world import Api, Media

PATIENCE = 32.0


@pytest.fixture
def kiosk() -> Iterator[KioskUnderOath]:
    made = KioskUnderOath()
    yield made
    made.close()


def press(kiosk: KioskUnderOath, then: float) -> str:
    """Press, let the time pass, and give the last tone."""
    kiosk.press()
    kiosk.release()
    kiosk.pass_(then)
    return kiosk.oracle.tones()[-1].name


@pytest.mark.parametrize(
    ("api", "tone"),
    [
        ("down", "offline"),
        ("portal", "offline"),
        ("nonsense", "offline"),
        ("hanging", "offline"),
        ("bad-key", "refused"),
        ("no-balance", "refused"),
        ("unknown-agent", "refused"),
        ("crowded", "busy"),
    ],
)
def test_an_api_that_gives_no_session(kiosk: KioskUnderOath, api: Api, tone: str) -> None:
    kiosk.world.api = api
    assert press(kiosk, PATIENCE) == tone


@pytest.mark.parametrize(("media", "tone"), [("away", "offline"), ("silent", "offline"), ("wrong", "refused")])
def test_a_media_server_that_lets_nobody_in(kiosk: KioskUnderOath, media: Media, tone: str) -> None:
    kiosk.world.media = media
    assert press(kiosk, PATIENCE) == tone


def test_no_network(kiosk: KioskUnderOath) -> None:
    kiosk.change("network", False, lambda: kiosk.world.set_network(False))
    assert press(kiosk, PATIENCE) == "offline"


def test_a_device_that_has_used_its_requests_up(kiosk: KioskUnderOath) -> None:
    for _ in range(5):
        press(kiosk, 1.0)
        press(kiosk, 1.0)
    assert press(kiosk, PATIENCE) == "busy"


def test_a_broken_microphone_is_told_at_the_press_and_in_a_call(kiosk: KioskUnderOath) -> None:
    kiosk.change("microphone", "unplugged", lambda: kiosk.card.microphone.set("unplugged"))
    kiosk.pass_(3.0)
    assert press(kiosk, 0.5) == "microphone"
    kiosk.change("microphone", None, lambda: kiosk.card.microphone.set(None))
    kiosk.pass_(10.0)
    kiosk.change("microphone", "stalled", lambda: kiosk.card.microphone.set("stalled"))
    kiosk.pass_(5.0)
    assert [tone.name for tone in kiosk.oracle.tones()] == ["microphone", "microphone"]


def test_an_agent_that_never_comes(kiosk: KioskUnderOath) -> None:
    kiosk.world.agent = False
    assert press(kiosk, 15.0) == "error"


def test_a_twin(kiosk: KioskUnderOath) -> None:
    press(kiosk, 3.0)
    now = kiosk.world.room
    assert now is not None
    kiosk.change("put out", "displaced", lambda: now.put_out(room.Displaced()))
    kiosk.pass_(1.0)
    assert kiosk.oracle.tones()[-1].name == "error"


def test_another_fault_that_comes_meanwhile_does_not_lend_its_tone(kiosk: KioskUnderOath) -> None:
    kiosk.world.media = "away"
    kiosk.press()
    kiosk.release()
    kiosk.pass_(1.0)
    kiosk.change("speaker", "stalled", lambda: kiosk.card.speaker.set("stalled"))
    kiosk.pass_(3.0)
    kiosk.change("speaker", None, lambda: kiosk.card.speaker.set(None))
    kiosk.pass_(PATIENCE)
    assert kiosk.oracle.tones()[-1].name == "offline"


def test_the_readme_says_what_each_tone_tells() -> None:
    drawn = README.read_text().partition("<!-- drawn: tones -->")[2].partition("<!-- end -->")[0]
    told = dict(re.findall(r"^\| (\w+) \| [\d ]+ \| (.+) \|$", drawn, re.MULTILINE))
    assert set(told) == {tone.value for tone in Earcon}
    for kind in ("connection", "busy", "refuses", "microphone is broken"):
        assert any(kind in each for each in told.values())
    assert len(set(told.values())) == len(told)
