"""The sound path: from the microphone to the room, from the room to the speaker."""
