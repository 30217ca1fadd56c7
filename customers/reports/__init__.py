"""What pages and calls show of floor 1, reckoned before a template sees it."""
