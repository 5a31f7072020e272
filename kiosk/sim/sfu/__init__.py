"""A loopback media server that speaks LiveKit's signalling: one visitor and one built-in agent to a room."""
