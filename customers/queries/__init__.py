"""Reads of floor 1, and the set-based statements its verbs run."""
