"""Doors of floor 3 that providers and readers of messages use."""
