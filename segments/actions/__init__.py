"""The verbs of floor 2, one file each."""
