"""The doctor: each link of the chain from the configuration to the sound in the room, looked at and judged."""
