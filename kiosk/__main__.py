"""`python -m kiosk` is `voice-kiosk`."""

from kiosk.cli import main

main()
