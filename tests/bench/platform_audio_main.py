"""rtc.PlatformAudio in a call, wired as its documentation shows: `python -m tests.bench.platform_audio_main URL TOKEN`."""

from __future__ import annotations

import asyncio
import os
import sys

from livekit import rtc

from tests.parts.lines import emit, serve


async def main(url: str, token: str) -> None:
    audio = rtc.PlatformAudio()
    source = audio.create_audio_source()
    room = rtc.Room()
    await room.connect(url, token)
    track = rtc.LocalAudioTrack.create_audio_track("microphone", source)
    await room.local_participant.publish_track(track, rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE))
    emit("joined")
    await serve({})
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
