"""Voice Kiosk: a headless voice appliance."""
