"""Statements of floor 4, by what they are for."""
