"""What the configuration's tests share."""

from __future__ import annotations

from typing import Final

import pytest

from kiosk.config.loader import parse
from kiosk.config.model import Config
from kiosk.errors import ConfigError

AGENT: Final = "session: {agent_id: a1}\n"


def read(text: str) -> Config:
    """The configuration in a text."""
    return parse(text.encode(), "f.yaml")


def problems(text: str) -> list[str]:
    """What is wrong with a text, without the file's name."""
    with pytest.raises(ConfigError) as caught:
        read(text)
    return [problem.removeprefix("f.yaml:") for problem in caught.value.problems]


def problem(text: str) -> str:
    """The only thing that is wrong with a text."""
    [only] = problems(text)
    return only
