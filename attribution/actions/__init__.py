"""Verbs of floor 4: follow a link, collect what came of campaigns, compute reports."""
