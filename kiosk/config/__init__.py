"""The configuration: its model, its loader and the secrets that are never in it."""
