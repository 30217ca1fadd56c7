"""The console's pages of floor 1: people, files, and what tracking clients send."""

from customers.admin import collection, files, plan

__all__ = ["collection", "files", "plan"]  # Django finds a console page by importing it
