"""rtc.MediaDevices in a call, written as LiveKit writes it: `python -m tests.bench.media_devices_main URL TOKEN`.

Step for step `examples/local_audio/full_duplex.py` of livekit/python-sdks as it was published with rtc.MediaDevices (commit 5b1a979; since
2ba2504 it shows rtc.PlatformAudio), which is also the README's "Full duplex audio": microphone and player opened before the room is
connected, every size and every processing at its default, the agent's track added as it is subscribed, the microphone published, then the
player started. The devices are named, where the example takes the default ones; its meter in the terminal is left out.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any, cast

from livekit import rtc

from tests.parts.emitter import Emitter
from tests.parts.lines import emit, serve
from tests.parts.pipewire import MICROPHONE, SPEAKER


def index(devices: list[dict[str, Any]], name: str) -> int:
    """The number of the device of that name."""
    return next(int(device["index"]) for device in devices if device["name"] == name)


async def main(url: str, token: str) -> None:
    room = rtc.Room()
    devices = rtc.MediaDevices()
    microphone = devices.open_input(enable_aec=True, input_device=index(devices.list_input_devices(), MICROPHONE))
    player = devices.open_output(output_device=index(devices.list_output_devices(), SPEAKER))
    tasks: set[asyncio.Task[None]] = set()

    def subscribed(track: rtc.Track, _publication: object, _who: object) -> None:
        if track.kind == rtc.TrackKind.KIND_AUDIO:
            tasks.add(asyncio.create_task(player.add_track(track)))

    cast(Emitter, room).on("track_subscribed", subscribed)
    await room.connect(url, token)
    track = rtc.LocalAudioTrack.create_audio_track("microphone", microphone.source)
    await room.local_participant.publish_track(track, rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE))
    await player.start()
    emit("joined")
    await serve({})
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
