"""The console's pages of floor 2: segments, and the dictionary of tags."""

from segments.admin import exports, lists, segments

# Django finds a console page by importing it.
__all__ = ["exports", "lists", "segments"]
