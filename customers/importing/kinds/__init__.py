"""The kinds of files that are staged and checked: one file each, one line in `registry`."""
