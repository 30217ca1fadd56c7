"""SMS vendors, and how a text is counted in segments."""
