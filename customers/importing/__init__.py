"""Customer files on their way in: read, map, check, load."""
