"""Doorbells: they tell workers to look for due rows, and of each kind at most one hangs unheard.

A second one would say nothing that the first does not. Without this they pile up while all workers
are busy, and by the hour: each then takes a turn of its queue from work of another kind.
"""

import functools
import logging
from typing import Final

import redis
from celery import Task
from django.conf import settings
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

# After this long a bell counts as lost, and another may hang.
LOST_AFTER_SECONDS: Final = 10


class Tick(Task):  # type: ignore[type-arg]  # not generic at run time
    """A task that looks for due rows: from here on a new bell of its kind says something again."""

    def before_start(self, task_id: str, args: object, kwargs: object) -> None:
        """Take the bell down before the first look, so that none is missed."""
        try:
            broker().delete(_name(self.name))
        except redis.RedisError as error:
            log.warning("a bell hangs on until it counts as lost: %s", error)


def ring(tick: Task) -> None:  # type: ignore[type-arg]
    """Wake a worker. Without the broker the sweeper's next tick finds the work."""
    if not hang(tick.name):
        return
    try:
        tick.delay()
    except OperationalError as error:
        log.warning("doorbell is down: %s", error)


def hang(name: str) -> bool:
    """Note that a bell for the task of this name is about to hang; False if one hangs already."""
    try:
        free = broker().set(_name(name), 1, nx=True, ex=LOST_AFTER_SECONDS)
    except redis.RedisError:
        # Whoever rings now finds out himself that the broker is down.
        return True
    return bool(free)


def _name(task: str) -> str:
    return f"{settings.SPACE}bell:{task}"


def broker() -> redis.Redis:
    """The broker, for words of a moment; what must last stands in PostgreSQL."""
    return _connected(settings.REDIS_URL)


@functools.lru_cache(maxsize=2)
def _connected(url: str) -> redis.Redis:
    """Its connections notice a fork by themselves."""
    return redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
