"""Which device a configured name means."""

from __future__ import annotations

import pytest

from kiosk.audio.kernel import Cards
from kiosk.audio.names import Device, choose, narrowed
from kiosk.errors import SoundError

DEVICES = [
    Device(0, "USB Audio: - (hw:1,0)", 1, 48_000),
    Device(2, "seeed-4mic: bcm2835-i2s (hw:3,0)", 4, 16_000),
    Device(4, "default", 2, 48_000),
    Device(5, "default two", 2, 48_000),
    Device(6, "Loopback: PCM (hw:4,1)", 2, 48_000),
]
CARDS = " 1 [Device         ]: USB-Audio - USB Audio\n 3 [seeed4mic      ]: x\n 4 [Loopback       ]: Loopback - Loopback\n"
KERNEL = Cards(CARDS, (), frozenset())


@pytest.mark.parametrize(
    ("wanted", "index"),
    [("usb", 0), ("SEEED", 2), ("default", 4), ("default two", 5), ("hw:CARD=Device", 0), ("hw:CARD=Loopback,DEV=1", 6), ("hw:CARD=3", 2)],
)
def test_a_device_is_found_by_name(wanted: str, index: int) -> None:
    assert choose("microphone", wanted, DEVICES, 4, KERNEL).index == index


@pytest.mark.parametrize(
    ("wanted", "said"),
    [("a", "4 devices match"), ("nothing", "USB Audio"), ("hw:CARD=Loopback", "no such device"), ("hw:CARD=", "no such device")],
)
def test_none_or_several_lists_the_choices(wanted: str, said: str) -> None:
    with pytest.raises(SoundError, match=said) as caught:
        choose("microphone", wanted, DEVICES, 4, KERNEL)
    assert caught.value.code == "microphone-missing"


@pytest.mark.parametrize("wanted", ["USB Audio", "usb audio: - (hw:1,0)", "hw:CARD=Device", "hw:CARD=1,DEV=0", "default"])
def test_what_another_program_has_is_not_listed_and_is_said_to_be_busy(wanted: str) -> None:
    free = [device for device in DEVICES if device.index not in (0, 4)]
    taken = Cards(CARDS, (), frozenset({"card1/pcm0c/sub0"}))
    with pytest.raises(SoundError, match="another program") as caught:
        choose("microphone", wanted, free, -1, taken)
    assert caught.value.code == "microphone-busy"
    with pytest.raises(SoundError, match="no such device"):
        choose("speaker", wanted, free, -1, taken)


@pytest.mark.parametrize("wanted", ["hw:CARD=", "hw:CARD=Loopback", "elsewhere"])
def test_another_card_that_is_taken_is_no_excuse(wanted: str) -> None:
    with pytest.raises(SoundError, match="no such device"):
        choose("microphone", wanted, DEVICES, 4, Cards(CARDS, (), frozenset({"card1/pcm0c/sub0"})))


def test_no_device_at_all() -> None:
    with pytest.raises(SoundError, match="none at all"):
        choose("speaker", "default", [], -1, Cards("", (), frozenset()))


@pytest.mark.parametrize(
    ("direction", "claimed", "channel", "opened"),
    [
        ("microphone", 1, None, 1),
        ("microphone", 8, None, 8),
        ("microphone", 8, 8, 8),
        ("microphone", 18, None, 1),
        ("microphone", 18, 12, 12),
        ("microphone", 128, 32, 32),
        ("speaker", 1, None, 1),
        ("speaker", 6, None, 2),
        ("speaker", 128, None, 1),
    ],
)
def test_as_many_channels_are_opened_as_are_needed(direction: str, claimed: int, channel: int | None, opened: int) -> None:
    assert narrowed(direction, Device(0, "it", claimed, 48_000), channel).channels == opened


def test_a_channel_that_the_microphone_has_not_is_said() -> None:
    with pytest.raises(SoundError, match="has 2 channels and so no channel 3") as caught:
        narrowed("microphone", Device(0, "it", 2, 48_000), 3)
    assert caught.value.code == "microphone-missing"
