"""The verbs of floor 1; each opens its own transaction."""
