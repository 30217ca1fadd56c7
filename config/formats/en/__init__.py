"""English, as it is read around the world."""
