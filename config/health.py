"""Whether this process lives, whether it can work, and its numbers."""

from collections.abc import Iterable, Mapping

import redis
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from campaigns.reports.operations import Operations, operations
from compliance.queries import clock_now
from customers.queries.coverage import watched_steps


def alive(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok", content_type="text/plain")


def ready(request: HttpRequest) -> JsonResponse:
    """The database answers; ``oldest_due_seconds`` tells whether the workers keep up."""
    problems: dict[str, str] = {}
    queues: dict[str, dict[str, float]] = {}
    try:
        queues = {
            stage.name: {"due": float(stage.depth), "oldest_due_seconds": stage.age}
            for stage in _look().stages
        }
    except DatabaseError:
        problems["database"] = "unreachable"
    try:
        with redis.from_url(settings.REDIS_URL, socket_timeout=2) as broker:
            broker.ping()
    except redis.RedisError:
        # Slower, not broken: the sweeper finds what is due without it.
        problems["broker"] = "unreachable"
    return JsonResponse(
        {"ready": "database" not in problems, "problems": problems, "queues": queues},
        status=503 if "database" in problems else 200,
    )


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text of what the operators' page shows; 503 without the database."""
    try:
        found, steps = _look(), watched_steps()
    except DatabaseError:
        return HttpResponse("database unreachable\n", status=503, content_type="text/plain")
    registry = CollectorRegistry()
    _measure_stages(registry, found)
    _measure_accounts(registry, found)
    _measure_flows(registry, steps)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _look() -> Operations:
    """Ages are by the product's clock, as the times they are measured from."""
    now = clock_now()
    return operations(now=now, today=timezone.localdate(now))


def _measure_stages(registry: CollectorRegistry, found: Operations) -> None:
    stages = [((stage.name,), stage) for stage in found.stages]
    _gauge(
        registry,
        "touchstone_due_rows",
        "Rows that wait at a stage",
        ["queue"],
        [(labels, stage.depth) for labels, stage in stages],
    )
    _gauge(
        registry,
        "touchstone_oldest_due_seconds",
        "Age of the oldest due row, by the product's clock",
        ["queue"],
        [(labels, stage.age) for labels, stage in stages],
    )
    _gauge(
        registry,
        "touchstone_touches_needing_a_person",
        "Touches that failed or whose outcome is unknown",
        ["account", "state", "reason"],
        [((item.account, item.state, item.reason), item.count) for item in found.troubles],
    )
    _gauge(
        registry,
        "touchstone_rows_put_aside",
        "Rows that failed again and again",
        ["stage", "error_class"],
        [((item.stage, item.error_class), item.count) for item in found.aside],
    )
    _gauge(
        registry,
        "touchstone_emergency_stops",
        "Emergency stops in force",
        [],
        [((), len(found.stops))],
    )


def _measure_accounts(registry: CollectorRegistry, found: Operations) -> None:
    _gauge(
        registry,
        "touchstone_breaker_open",
        "1 while the account's breaker is open",
        ["account"],
        [((item.key,), 1 if item.open_seconds else 0) for item in found.accounts],
    )
    _gauge(
        registry,
        "touchstone_reserved_today",
        "Messages reserved today from the limits of an account that has some",
        ["account"],
        [
            ((item.key,), item.reserved_today)
            for item in found.accounts
            if item.reserved_today is not None
        ],
    )
    _gauge(
        registry,
        "touchstone_accepted_per_second",
        "Messages the provider accepted, over a window of minutes",
        ["account", "minutes"],
        [
            ((item.account, minutes), value)
            for item in found.rates
            for minutes, value in (("1", item.minute), ("5", item.five), ("15", item.quarter))
        ],
    )
    _gauge(
        registry,
        "touchstone_worker_silent_seconds",
        "Time since the worker's last sign of life",
        ["worker"],
        [((item.name,), item.silent) for item in found.workers],
    )


def _measure_flows(registry: CollectorRegistry, steps: Mapping[tuple[str, str], bool]) -> None:
    _gauge(
        registry,
        "touchstone_flow_step_missing",
        "1 while a step of a watched flow has stopped arriving",
        ["flow", "event"],
        [(step, int(is_missing)) for step, is_missing in steps.items()],
    )


def _gauge(
    registry: CollectorRegistry,
    name: str,
    help_text: str,
    labels: list[str],
    values: Iterable[tuple[tuple[str, ...], float]],
) -> None:
    gauge = Gauge(name, help_text, labels, registry=registry)
    for told, value in values:
        (gauge.labels(*told) if labels else gauge).set(value)
