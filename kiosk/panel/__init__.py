"""The panel: the button and the LED."""
