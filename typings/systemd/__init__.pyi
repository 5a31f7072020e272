# Only what kiosk/system uses.
