"""The HTTP doors of floor 1."""
