"""The console's pages of floor 3: journeys, templates, delivery."""

from campaigns.admin import delivery, journeys, templates

__all__ = ["delivery", "journeys", "templates"]  # Django finds a console page by importing it
