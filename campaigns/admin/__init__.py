"""The console's pages of floor 3: journeys, templates, delivery."""

from campaigns.admin import delivery, journeys, operations, templates

__all__ = [
    "delivery",
    "journeys",
    "operations",
    "templates",
]  # Django finds a console page by importing it
