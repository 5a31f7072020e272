"""A panel that runs for the length of a test, and what it told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from kiosk.config.model import ButtonConfig, LedConfig
from kiosk.errors import PanelError
from kiosk.panel.driver import Driver
from kiosk.panel.panel import Panel

Told = list[str]
Running = Callable[[Driver, ButtonConfig, LedConfig], AbstractAsyncContextManager[tuple[Panel, Told]]]


@asynccontextmanager
async def _running(driver: Driver, button: ButtonConfig, led: LedConfig) -> AsyncGenerator[tuple[Panel, Told]]:
    told: Told = []
    panel = Panel(button, led, driver)

    def on_fault(part: str, error: PanelError | None) -> None:
        told.append(f"{part}: {error.code if error else 'well'}")

    panel.on_press = lambda: told.append("press")
    panel.on_release = lambda: told.append("release")
    panel.on_fault = on_fault
    task = asyncio.create_task(panel.run())
    await asyncio.sleep(0.001)
    try:
        yield panel, told
    finally:
        task.cancel()
        await asyncio.wait([task])


@pytest.fixture
def running() -> Running:
    """`async with running(driver, button, led) as (panel, told)`: claimed, and cancelled at the end."""
    return _running
