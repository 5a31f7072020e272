"""The daemon as it ships, in a process of its own, with a button and a LED on its stdin and stdout: `python -m … FILE`.

Lines in: press, release. Lines out: the LED's level at each change. Ends as the daemon ends.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from kiosk import edges
from kiosk.config.loader import load
from kiosk.config.secrets import load_api_key
from kiosk.panel.driver import Color
from kiosk.sim.panel import SimPanel


def main() -> None:
    panel = SimPanel()

    def lit(level: float, _color: Color) -> None:
        print(f"{level:.3f}", flush=True)

    def obey() -> None:
        for line in sys.stdin:
            if line.strip() == "press":
                panel.press()
            else:
                panel.release()

    def native(_chip: int | None) -> SimPanel:
        return panel

    panel.on_light = lit
    edges.native = native
    threading.Thread(target=obey, daemon=True).start()
    config = load(Path(sys.argv[1]))
    edges.serve(config, load_api_key(config, os.environ), sys.argv[1])


if __name__ == "__main__":
    main()
