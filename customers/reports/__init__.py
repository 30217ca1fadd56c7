"""What pages show of floor 1, reckoned before a template sees it."""
