"""The console's pages of floor 1: people, files, and what tracking clients send."""

from customers.admin import collection, files, merges, plan, quality, ratings, sources

# Django finds a console page by importing it.
__all__ = ["collection", "files", "merges", "plan", "quality", "ratings", "sources"]
