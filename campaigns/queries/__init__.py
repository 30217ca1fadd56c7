"""Reads of floor 3, and the set-based statements its verbs run: a module for each station."""
