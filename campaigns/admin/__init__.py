"""The console's pages of floor 3: journeys, templates, delivery."""

from campaigns.admin import (
    accounts,
    delivery,
    journeys,
    link_hosts,
    operations,
    prices,
    receipts,
    routes,
    seeds,
    snippets,
    templates,
)

__all__ = [
    "accounts",
    "delivery",
    "journeys",
    "link_hosts",
    "operations",
    "prices",
    "receipts",
    "routes",
    "seeds",
    "snippets",
    "templates",
]  # Django finds a console page by importing it
