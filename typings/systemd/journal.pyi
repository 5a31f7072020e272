import logging
from collections.abc import Callable

def send(MESSAGE: str, **kwargs: str | None) -> None: ...

class JournalHandler(logging.Handler):
    def __init__(self, level: int = ..., sender_function: Callable[..., object] = ..., **kwargs: str) -> None: ...
