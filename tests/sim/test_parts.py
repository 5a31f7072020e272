"""The pure parts of the loopback world."""

from __future__ import annotations

import numpy as np
import pytest
from aiortc import RTCPeerConnection
from aiortc.rtp import RtpPacket
from hypothesis import given
from hypothesis import strategies as st
from livekit.protocol.models import DataPacket, DataStream

from kiosk.audio.frames import RATE, silence
from kiosk.sim.ears import Ears
from kiosk.sim.listener import Listener
from kiosk.sim.opus import FRAME, Decoder, encode
from kiosk.sim.sfu.access import AccessDenied, check, mint
from kiosk.sim.sfu.media import CONFIGURATION, Media
from kiosk.sim.streams import Inbox, TextStream
from kiosk.sim.trace import trace
from kiosk.sim.turns import Turn, Turns
from kiosk.sim.wav import resampled, spoken


def _packets(payloads: list[bytes]) -> list[RtpPacket]:
    packets = [RtpPacket(payload_type=111, sequence_number=65_534 + n & 0xFFFF, timestamp=n * FRAME) for n in range(len(payloads))]
    for packet, payload in zip(packets, payloads, strict=True):
        packet.ssrc = 7
        packet.payload = payload
    return packets


@pytest.mark.parametrize("name", ["visitor", "answer"])
async def test_the_sentences_are_taken_for_speech(name: str) -> None:
    listener = Listener()
    for packet in _packets(encode(spoken(name))):
        listener.packet(packet)
    assert listener.turns.speaking
    assert trace(spoken(name), listener.ears.heard.samples).likeness > 0.95


def test_what_dtx_leaves_out_is_silence_of_the_same_length() -> None:
    packets = _packets(encode(spoken("answer")))
    ears = Ears()
    for number, packet in enumerate(packets):
        if not 50 <= number < 70:
            packet.sequence_number = (packet.sequence_number - (20 if number >= 70 else 0)) & 0xFFFF
            ears.packet(packet, number / 50)
    heard = ears.heard
    assert (len(heard.samples), ears.lost) == (len(packets) * FRAME, 0)
    assert not heard.samples[50 * FRAME : 70 * FRAME].any()


def test_lost_late_and_doubled_packets_keep_their_places() -> None:
    packets = _packets(encode(spoken("answer"))[:100])
    ears = Ears()
    for packet in [*packets[:10], packets[11], packets[11], packets[10], *packets[12:]]:
        ears.packet(packet, 0.0)
    assert (len(ears.heard.samples), ears.lost) == (100 * FRAME, 1)


def test_memory_is_bounded_and_knows_when_each_sample_came() -> None:
    ears = Ears(seconds=1.0)
    for second in range(5):
        ears.add(silence(50), second)
        ears.add(silence(50), second + 0.5)
    heard = ears.heard
    assert (heard.start, len(heard.samples)) == (4 * RATE, RATE)
    assert [heard.arrived(0), heard.arrived(RATE // 2 - 1), heard.arrived(RATE // 2), heard.arrived(RATE)] == [4.0, 4.0, 4.5, 4.5]


def _fed(turns: Turns, voiced: range) -> None:
    for number in voiced:
        turns.frame(True, number * FRAME, (number + 1) * FRAME, number * 0.02)


def test_a_turn_ends_with_silence_and_is_told_once() -> None:
    turns = Turns()
    _fed(turns, range(50, 100))
    assert turns.speaking
    assert turns.ended(2.5) is None
    assert turns.ended(2.7) == Turn(50 * FRAME - 14_400, 100 * FRAME)
    assert turns.ended(2.8) is None
    assert not turns.speaking


def test_a_cough_is_no_turn_and_coughs_do_not_add_up() -> None:
    turns = Turns()
    for start in range(0, 1000, 100):
        _fed(turns, range(start, start + 10))
    assert not turns.speaking


def test_a_token_holds_what_it_was_minted_for() -> None:
    access = check(mint("key", "secret", identity="desk", room="hall", lifetime=60), "key", "secret")
    assert (access.identity, access.room) == ("desk", "hall")


@given(st.text(max_size=60))
def test_no_text_is_a_token(text: str) -> None:
    with pytest.raises(AccessDenied):
        check(text, "key", "secret")


def test_a_text_stream_is_put_together_again() -> None:
    stream = TextStream("topic", "someone", {"a": "1"})
    inbox = Inbox()
    parts = [stream.open(), stream.piece("grüß "), stream.piece("dich"), stream.close()]
    taken = [inbox.take(DataPacket.FromString(part.SerializeToString())) for part in parts]
    assert taken[:3] == [None, None, None]
    assert taken[3] is not None
    assert (taken[3].topic, taken[3].attributes, taken[3].content.decode()) == ("topic", {"a": "1"}, "grüß dich")


def test_pieces_of_unknown_streams_are_nothing() -> None:
    inbox = Inbox()
    assert inbox.take(DataPacket(stream_chunk=DataStream.Chunk(stream_id="x"))) is None
    assert inbox.take(DataPacket(stream_trailer=DataStream.Trailer(stream_id="x"))) is None


def test_a_sentence_is_not_found_in_another() -> None:
    assert trace(spoken("visitor"), spoken("answer")).likeness < 0.2
    assert trace(spoken("visitor"), silence(1)).likeness == 0.0
    half = spoken("visitor")[: len(spoken("visitor")) // 2]
    assert trace(spoken("visitor"), np.concatenate([silence(20), half])).likeness == pytest.approx(0.5, abs=0.1)


def test_opus_gives_back_the_sound() -> None:
    decoder = Decoder()
    decoded = np.concatenate([decoder.decode(payload) for payload in encode(spoken("answer"))])
    assert trace(spoken("answer"), decoded).likeness > 0.95


def test_other_rates_become_48_khz() -> None:
    tone = (np.sin(np.arange(16_000) * 0.3) * 9000).astype(np.int16)
    assert len(resampled(tone, 16_000)) == RATE


@pytest.mark.parametrize("reachable", [True, False])
async def test_an_unreachable_answer_holds_no_candidate(reachable: bool) -> None:
    async def told() -> None:
        pass

    client = RTCPeerConnection(CONFIGURATION)
    client.createDataChannel("_reliable")
    await client.setLocalDescription(await client.createOffer())
    media = Media(lambda packet: None, lambda data: None, told, told)
    answer, _ = await media.answer(client.localDescription.sdp, reachable=reachable)
    assert ("a=candidate" in answer) is reachable
    await media.pc.close()
    await client.close()
