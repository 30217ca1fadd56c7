"""The HTTP doors of floor 2."""
