"""Push vendors."""
