"""Tracking calls as they arrive: bytes to JSON to events. Pure."""
