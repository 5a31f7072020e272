"""The room: LiveKit behind a small Protocol."""
