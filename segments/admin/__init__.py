"""The console's pages of floor 2: segments, and the dictionary of tags."""

from segments.admin import lists, segments

# Django finds a console page by importing it.
__all__ = ["lists", "segments"]
