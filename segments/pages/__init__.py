"""Pages of floor 2 that are no table: value clusters, two segments side by side."""
