"""The console's pages of floor 0: people and roles, reviews, the audit trail, rules, products."""

from compliance.admin import audit, lexicon, products, reviews, rules, staff

# Django finds a console page by importing it.
__all__ = ["audit", "lexicon", "products", "reviews", "rules", "staff"]
