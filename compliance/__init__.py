"""Floor 0: what the law allows, and the record of what was done."""
