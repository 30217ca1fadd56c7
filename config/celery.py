"""The Celery application: doorbells only, PostgreSQL holds the work.

The figures are those under which tasks survived kill -9 of a pool child, of a whole worker and of
the broker, each run at most once more (measured; see docs/decisions).
"""

import os

from celery import Celery
from kombu import Queue

# SIGTERM asks for a soft shutdown: tasks get a while to end, then go back to the queue.
os.environ.setdefault("REMAP_SIGTERM", "SIGQUIT")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# The checks would load every page of the console into each worker; `make check` runs them.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

QUEUES = ("default", "dispatch", "segments", "reports")

app = Celery("touchstone")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    accept_content=["json"],
    beat_max_loop_interval=2,
    beat_scheduler="config.beat:LeaderScheduler",
    broker_connection_max_retries=None,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        # Longer than three times the longest task, or a slow task would be delivered twice.
        "visibility_timeout": 900,
        # Two spaces on one Valkey must not answer each other's bells.
        "global_keyprefix": os.environ.get("TOUCHSTONE_SPACE", ""),
        # The default restores a killed worker's tasks only after 100 seconds.
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "health_check_interval": 10,
        "socket_timeout": 5,
        "socket_connect_timeout": 5,
        "retry_on_timeout": True,
    },
    enable_utc=True,
    result_serializer="json",
    task_acks_late=True,
    task_default_queue="default",
    task_ignore_result=True,
    task_queues=[Queue(name) for name in QUEUES],
    task_reject_on_worker_lost=True,
    task_routes={
        "campaigns.dispatch*": {"queue": "dispatch"},
        # With the senders: they hold the binds that receipts come in on.
        "campaigns.listen": {"queue": "dispatch"},
        # They wait for a process of minutes, which those who follow must not.
        "segments.lifecycle": {"queue": "reports"},
        "segments.lookalike": {"queue": "reports"},
        "segments.value": {"queue": "reports"},
        "segments.*": {"queue": "segments"},
        "attribution.report*": {"queue": "reports"},
    },
    task_serializer="json",
    task_time_limit=300,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    worker_enable_remote_control=False,
    # The log is Django's own: one line of JSON a record, nobody's data in it.
    worker_hijack_root_logger=False,
    worker_max_tasks_per_child=5000,
    worker_prefetch_multiplier=1,
    worker_send_task_events=False,
    worker_soft_shutdown_timeout=10,
)
