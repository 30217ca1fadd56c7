"""Loads the Celery application with Django, so that a task called by the web finds its broker."""

import os

from django.apps import AppConfig


class RoofConfig(AppConfig):
    """The app `config`: commands `up` and `servers`, and no tables."""

    name = "config"

    def ready(self) -> None:
        from config import celery  # noqa: F401 - needs the app registry, which is complete only now

        if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
            # The SDK costs every process some megabytes: only where somebody collects.
            from config import tracing

            tracing.start()
