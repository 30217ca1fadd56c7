"""Loads the Celery application with Django, so that a task called by the web finds its broker."""

from django.apps import AppConfig


class RoofConfig(AppConfig):
    """The app `config`: commands `up` and `servers`, and no tables."""

    name = "config"

    def ready(self) -> None:
        from config import celery  # noqa: F401 - needs the app registry, which is complete only now
