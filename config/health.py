"""Whether this process lives, whether it can work, and its numbers."""

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

_OPEN_WORK = """
SELECT 'dispatch', count(*), coalesce(extract(epoch FROM now() - min(due_at)), 0)
FROM campaigns_dispatchbatch WHERE due_at <= now()
UNION ALL
SELECT 'enrolments', count(*), coalesce(extract(epoch FROM now() - min(due_at)), 0)
FROM campaigns_enrolment WHERE state IN ('active', 'waiting') AND due_at <= now()
"""


def alive(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok", content_type="text/plain")


def ready(request: HttpRequest) -> JsonResponse:
    """The database answers; ``oldest_due_seconds`` tells whether the workers keep up."""
    problems: dict[str, str] = {}
    queues: dict[str, dict[str, float]] = {}
    try:
        queues = _open_work()
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
    """Prometheus text: open work and the age of the oldest due row, by queue; 503 without it."""
    try:
        open_work = _open_work()
    except DatabaseError:
        return HttpResponse("database unreachable\n", status=503, content_type="text/plain")
    registry = CollectorRegistry()
    depth = Gauge("touchstone_due_rows", "Rows due now", ["queue"], registry=registry)
    age = Gauge(
        "touchstone_oldest_due_seconds", "Age of the oldest due row", ["queue"], registry=registry
    )
    for queue, figures in open_work.items():
        depth.labels(queue).set(figures["due"])
        age.labels(queue).set(figures["oldest_due_seconds"])
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _open_work() -> dict[str, dict[str, float]]:
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_WORK)
        return {
            name: {"due": float(due), "oldest_due_seconds": float(oldest)}
            for name, due, oldest in cursor.fetchall()
        }
