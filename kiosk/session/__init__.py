"""The session API: asks for sessions, checks the answers, ends them. The one room that imports aiohttp for it."""
