"""Which gpiochip is taken, in a process of its own: importing lgpio writes into the working directory and keeps a thread."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

from tests.parts.process import ROOT

PRELUDE = """
import lgpio
from pathlib import Path
from kiosk.errors import PanelError
from kiosk.panel import chips

def code(call, *arguments):
    try:
        return call(*arguments)
    except PanelError as error:
        return error.code
"""


def said(body: str, folder: Path) -> list[str]:
    """The lines that `body` prints, run in `folder`."""
    program = PRELUDE + textwrap.dedent(body)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_header_is_found_by_its_label(tmp_path: Path) -> None:
    lines = said(
        """
        print(code(chips.header_chip, {0: "pinctrl-rp1", 10: "gpio-brcmstb@107d508500"}))
        print(code(chips.header_chip, {0: "gpio-brcmstb@107d508500", 4: "pinctrl-rp1"}))
        print(code(chips.header_chip, {0: "pinctrl-bcm2711", 1: "raspberrypi-exp-gpio"}))
        print(code(chips.header_chip, {0: "pinctrl-bcm2835"}))
        print(code(chips.header_chip, {0: "sunxi"}))
        print(code(chips.header_chip, {}))
        """,
        tmp_path,
    )
    assert lines == ["0", "4", "0", "0", "gpio-missing", "gpio-missing"]


def test_a_chip_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    devices = tmp_path / "dev"
    devices.mkdir()
    (devices / "gpiochip63").touch()
    lines = said(
        f"""
        print(code(chips.open_header, 63, Path({str(devices)!r})))
        print(code(chips.open_header, None, Path({str(devices)!r})))
        print(code(chips.open_header, 62, Path({str(devices)!r})))
        """,
        tmp_path,
    )
    assert lines == ["gpio-denied", "gpio-denied", "gpio-missing"]


def test_a_board_without_a_revision_has_the_header_of_forty_pins(tmp_path: Path) -> None:
    lines = said(
        """
        lgpio.gpiochip_open = lambda number: 7
        lgpio.gpiochip_close = lambda handle: None
        claimed = []
        lgpio.gpio_claim_input = lambda handle, line, flags=0: claimed.append((handle, line))
        factory = chips.open_header(3)
        pin = factory.pin(17)
        print(factory.chip, claimed)
        """,
        tmp_path,
    )
    assert lines == ["3 [(7, 17)]"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    lines = said(
        """
        import sys
        from kiosk.config.model import ButtonConfig
        from kiosk.panel.pins import native

        class Refuse:
            def find_spec(self, name, path=None, target=None):
                if name == "lgpio":
                    raise FileNotFoundError(".lgd-nfy-3")

        sys.meta_path.insert(0, Refuse())
        del sys.modules["lgpio"], sys.modules["kiosk.panel.chips"]
        del chips
        import kiosk.panel
        del kiosk.panel.chips
        print(code(native(None).open_button, ButtonConfig(), print))
        """,
        tmp_path,
    )
    assert lines == ["gpio-missing"]
