"""Commands of floor 1."""
