"""A campaign's report as a page: every number formatted, every heading with its definition.

Templates hold no arithmetic, so whatever they show is made here; the same tables, unformatted,
are what the CSV export writes.
"""
