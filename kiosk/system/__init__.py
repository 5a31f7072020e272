"""The system: systemd, the journal and files."""
