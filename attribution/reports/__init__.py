"""What managers read: each figure with its definition, window and as-of time."""
