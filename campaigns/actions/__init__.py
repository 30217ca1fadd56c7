"""Verbs of floor 3: each opens its transaction, checks, does, tells."""
