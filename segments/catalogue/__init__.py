"""The tags we ship, as data: what each means, where it comes from, what it lacks."""
