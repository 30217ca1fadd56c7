"""The console's pages of floor 3: journeys, templates, delivery."""

from campaigns.admin import (
    accounts,
    delivery,
    journeys,
    link_hosts,
    operations,
    receipts,
    routes,
    templates,
)

__all__ = [
    "accounts",
    "delivery",
    "journeys",
    "link_hosts",
    "operations",
    "receipts",
    "routes",
    "templates",
]  # Django finds a console page by importing it
