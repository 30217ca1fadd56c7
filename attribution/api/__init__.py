"""Doors of floor 4 that programs and readers of messages use."""
